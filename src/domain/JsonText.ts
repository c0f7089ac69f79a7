/**
 * JSON as text, with the parts that JavaScript loses by parsing, such as the last digits of a long
 * number.
 */

/** A member of an object: its name, and its value as written. */
export interface Member {
  readonly name: string
  readonly value: string
}

/** The members of an object, in their order in the text. `json` must be valid. */
export const members = (json: string): ReadonlyArray<Member> => {
  const found: Array<Member> = []
  let depth = 0
  let name: string | undefined
  let start = 0
  const end = (at: number) => {
    if (name !== undefined) found.push({ name, value: json.slice(start, at).trim() })
    name = undefined
    start = at + 1
  }
  for (let at = 0; at < json.length; at++) {
    const character = json[at]
    if (character === "\"") at = endOfString(json, at)
    else if (character === "{" || character === "[") {
      if (depth++ === 0) start = at + 1
    } else if (character === "}" || character === "]") {
      if (--depth === 0) end(at)
    } else if (depth === 1 && character === ",") end(at)
    else if (depth === 1 && character === ":") {
      name = String(JSON.parse(json.slice(start, at)))
      start = at + 1
    }
  }
  return found
}

/** The position of the quote that ends the string that begins at `start`. */
const endOfString = (json: string, start: number): number => {
  let at = start + 1
  while (at < json.length && json[at] !== "\"") at += json[at] === "\\" ? 2 : 1
  return at
}
