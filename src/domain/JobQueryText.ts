/**
 * The text of a search for jobs: words such as `queue:mail` and `error:"time out"`.
 */
import { Option, Result } from "effect"
import type { JobQuery, JobQueryInvalid } from "./JobQuery.ts"
import * as Terms from "./JobQueryTerms.ts"
import * as Values from "./JobQueryValues.ts"
import { cut, isQuoted, quoted, refuse, textOf, type Word, wordsOf } from "./JobQueryWords.ts"

/**
 * The search that a text says. An empty text finds all jobs. It fails at the first word that cannot
 * be meant.
 */
export const parse = (text: string): Result.Result<JobQuery, JobQueryInvalid> =>
  Result.flatMap(wordsOf(text), (words) => {
    let query: JobQuery = {}
    // The words so far, by their terms.
    const seen = new Map<string, string>()
    for (const word of words) {
      const read = termOf(word)
      if (Result.isFailure(read)) return Result.fail(read.failure)
      const { found, term } = read.success
      const at = word[0]?.at ?? 0
      const written = text.slice(at, endOf(word, text))
      const before = seen.get(term)
      if (before !== undefined) {
        return refuse(at, `${before} and ${written} cannot both be there: a term stands once`)
      }
      seen.set(term, written)
      const payload = [...query.payload ?? [], ...found.payload ?? []]
      query = { ...query, ...found, ...(payload.length === 0 ? {} : { payload }) }
    }
    return Result.succeed(query)
  })

/** The text of a search. `parse` reads the same search from it. */
export const print = (query: JobQuery): string =>
  [
    ...Terms.terms.flatMap(({ name, print }) => {
      const value = print(query)
      return value === undefined ? [] : [`${name}:${value}`]
    }),
    ...(query.payload ?? []).map(({ path, value }) =>
      `payload.${Values.path.print(path)}:${Values.scalar.print(value)}`
    )
  ].join(" ")

interface Read {
  readonly term: string
  readonly found: JobQuery
}

const termOf = (word: Word): Result.Result<Read, JobQueryInvalid> => {
  const at = word[0]?.at ?? 0
  const parts = cut(word, ":")
  if (parts === undefined) return bare(word, at)
  const [head, value] = parts
  const term = isQuoted(head) ? undefined : Terms.find(textOf(head))
  if (term === undefined) return payload(head, value, at)
  return Option.match(term.read(value), {
    onNone: () => refuse(value[0]?.at ?? at, `${textOf(head)} takes ${term.is}`),
    onSome: (found) => Result.succeed({ term: term.name, found })
  })
}

/** A word without a term: a number is the id of a job. */
const bare = (word: Word, at: number): Result.Result<Read, JobQueryInvalid> => {
  const text = textOf(word)
  const id = !isQuoted(word) && /^\d{1,19}$/.test(text)
    ? Option.getOrUndefined(Values.range.read(word))
    : undefined
  if (id !== undefined) return Result.succeed({ term: "id", found: { id } })
  const likely = ["name", "key", "error", "text"].map((term) => `${term}:${quoted(text)}`)
  return refuse(at, `${quoted(text)} is neither a term nor an id; try ${either(likely)}`)
}

const payload = (head: Word, value: Word, at: number): Result.Result<Read, JobQueryInvalid> => {
  const [first = [], rest = []] = cut(head, ".") ?? []
  const text = textOf(head)
  if (isQuoted(first) || (textOf(first) !== "payload" && text !== "payload")) {
    const names = [...Terms.terms.map(({ name }) => name), "payload.FIELD"]
    return refuse(at, `${quoted(text)} is no term; the terms are ${names.join(", ")}`)
  }
  const path = Option.getOrUndefined(Values.path.read(rest))
  if (path === undefined) return refuse(at, `payload takes ${Values.path.is}`)
  const term = `payload.${Values.path.print(path)}`
  return Option.match(Values.scalar.read(value), {
    onNone: () => refuse(value[0]?.at ?? at, `${term} takes ${Values.scalar.is}`),
    onSome: (value) => Result.succeed({ term, found: { payload: [{ path, value }] } })
  })
}

/** Where a word ends in the text, with the quotes that close it. */
const endOf = (word: Word, text: string): number => {
  const end = (word.at(-1)?.at ?? 0) + 1
  return text[end] === "\"" ? end + 1 : end
}

const either = (choices: ReadonlyArray<string>): string =>
  `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`
