/**
 * The words of a search, with blanks between them. A blank in quotes belongs to its word.
 */
import { Result } from "effect"
import { JobQueryInvalid } from "./JobQuery.ts"

/** One character. In quotes, a character stands for itself. */
interface Character {
  readonly text: string
  readonly isQuoted: boolean
  readonly at: number
}

/** Each pair of quotes leaves a character without text, so that quotes are seen around nothing. */
export type Word = ReadonlyArray<Character>

/** A longer text is refused. */
const charactersMax = 4000

export const wordsOf = (text: string): Result.Result<ReadonlyArray<Word>, JobQueryInvalid> => {
  if (text.length > charactersMax) {
    return refuse(charactersMax, `a search has at most ${charactersMax} characters`)
  }
  const broken = text.search(/[\p{Cs}\0]/u)
  if (broken >= 0) return refuse(broken, "a search has no NUL, and no half of a character")
  const words: Array<Word> = []
  let word: Array<Character> = []
  let quote: number | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? ""
    if (quote === undefined && /\s/.test(character)) {
      if (word.length > 0) words.push(word)
      word = []
    } else if (character === "\"") {
      if (quote === undefined) word.push({ text: "", isQuoted: true, at })
      quote = quote === undefined ? at : undefined
    } else if (quote !== undefined && character === "\\" && /["\\]/.test(text[at + 1] ?? "")) {
      word.push({ text: text[++at] ?? "", isQuoted: true, at })
    } else word.push({ text: character, isQuoted: quote !== undefined, at })
  }
  if (quote !== undefined) return refuse(quote, "the quotes are not closed")
  if (word.length > 0) words.push(word)
  return Result.succeed(words)
}

export const refuse = (position: number, issue: string) =>
  Result.fail(new JobQueryInvalid({ position, issue }))

export const textOf = (word: Word): string => word.map(({ text }) => text).join("")

export const isQuoted = (word: Word): boolean => word.some(({ isQuoted }) => isQuoted)

/** The parts of a word between marks, such as `*`, that stand outside of quotes. */
export const split = (word: Word, mark: string): ReadonlyArray<Word> => {
  const parts: Array<Array<Character>> = [[]]
  for (const character of word) {
    if (!character.isQuoted && character.text === mark) parts.push([])
    else parts.at(-1)?.push(character)
  }
  return parts
}

/** The parts of a word before and behind the first mark outside of quotes; nothing without one. */
export const cut = (word: Word, mark: string): readonly [Word, Word] | undefined => {
  const at = word.findIndex(({ isQuoted, text }) => !isQuoted && text === mark)
  return at < 0 ? undefined : [word.slice(0, at), word.slice(at + 1)]
}

/** The text as a word that reads as it, without quotes where none of its characters needs them. */
export const quoted = (text: string, isPlain: RegExp = /^[^\s"*]+$/): string =>
  isPlain.test(text) ? text : `"${text.replaceAll(/["\\]/g, "\\$&")}"`
