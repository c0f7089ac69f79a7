/**
 * The value of a run between the handler and the store.
 */
import { type Duration, Predicate, Result } from "effect"
import * as ErrorText from "./ErrorText.ts"
import * as PayloadText from "./PayloadText.ts"
import type { Result as Stored } from "./Settlement.ts"

/** The longest value, in bytes of JSON text. */
export const valueBytesMax = 1_048_576

/** The value of a run as JSON text, or the reason why it cannot be stored. */
export class Encoded {
  // A job script may have a copy of pgq of its own, with a class of its own.
  readonly "~pgq/Encoded" = true
  readonly value: string | undefined
  readonly error: string | undefined

  constructor(encoded: Result.Result<string, string>) {
    this.value = Result.getOrUndefined(encoded)
    this.error = Result.isFailure(encoded) ? encoded.failure : undefined
  }
}

/** JSON as the text that the store takes. */
export const encoded = (json: unknown): Encoded => new Encoded(textOf(json, valueBytesMax))

/** A value as JSON text that the store takes, or the reason why it cannot be stored. */
export const textOf = (json: unknown, bytesMax: number): Result.Result<string, string> =>
  Result.flatMap(PayloadText.make(json), (text) => storable(text, bytesMax))

const storable = (text: string, bytesMax: number): Result.Result<string, string> => {
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) {
    return Result.fail(`it has ${bytes} bytes as JSON; at most ${bytesMax} fit`)
  }
  // PostgreSQL's `jsonb` has neither a NUL character nor half of a surrogate pair.
  if (/\\u(?:0000|d[89a-f])/i.test(text)) {
    return Result.fail("it has a character that PostgreSQL cannot store")
  }
  return depthOf(text) > depthMax
    ? Result.fail("it is nested too deeply")
    : Result.succeed(text)
}

/** PostgreSQL's parser takes a few times as many levels before its stack is full. */
const depthMax = 1000

const depthOf = (text: string): number => {
  let [depth, deepest, isText] = [0, 0, false]
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === "\\") at++
    else if (char === "\"") isText = !isText
    else if (isText) continue
    else if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth)
    else if (char === "]" || char === "}") depth--
  }
  return deepest
}

/** The result of a run that succeeded. */
export const of = (exit: unknown, keep: Duration.Duration): Stored => {
  if (!Predicate.hasProperty(exit, "~pgq/Encoded")) return { keep, error: "it was not encoded" }
  if (Predicate.hasProperty(exit, "value") && typeof exit.value === "string") {
    return { keep, value: exit.value }
  }
  const error = Predicate.hasProperty(exit, "error") ? String(exit.error) : "it was not encoded"
  return { keep, error: ErrorText.storable(error) }
}
