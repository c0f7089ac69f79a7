/**
 * The text of a search for jobs, as far as the page changes it. The server reads it, and says what
 * it cannot mean.
 */

/** Blanks in quotes belong to their word. In quotes, `\"` is a quote and `\\` a backslash. */
const word = /(?:"(?:\\["\\]|[^"])*"?|[^\s"])+/g

const isState = /^(?:state|outcome):/

const wordsOf = (text: string): ReadonlyArray<string> => text.match(word) ?? []

/** A name or another text as a search has it. */
export const quoted = (text: string): string =>
  /^[^\s"*]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`

/** The states that the text asks for; none if it asks for all. */
export const statesOf = (text: string): ReadonlyArray<string> =>
  wordsOf(text)
    .filter((word) => isState.test(word))
    .flatMap((word) => word.slice(word.indexOf(":") + 1).replaceAll("\"", "").split(","))

/**
 * The text with this state in place of those that it asks for; without one, it asks for all. The
 * state goes first, so that quotes that are still open do not take it in.
 */
export const withState = (text: string, state?: string): string =>
  [
    ...state === undefined ? [] : [`state:${state}`],
    ...wordsOf(text).filter((word) => !isState.test(word))
  ].join(" ")

/** The id if the text is a number alone. */
export const idOf = (text: string): string | undefined => /^\s*(\d{1,19})\s*$/.exec(text)?.[1]
