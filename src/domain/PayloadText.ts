/**
 * Conversion of payloads to JSON text, and the values that one form has and the other has not.
 */
import { Cause, Result } from "effect"
import * as ErrorText from "./ErrorText.ts"

/** The JSON text of a value, or the reason why it has none. */
export const make = (value: unknown): Result.Result<string, string> =>
  Result.try({ try: () => JSON.stringify(value) ?? "null", catch: issueOf })

/** The error message for a value whose reading threw. */
export const issueOf = (thrown: unknown): string => {
  const line = ErrorText.fromCause(Cause.die(thrown)).split("\n", 1)[0] ?? ""
  return line.startsWith("RangeError: Maximum call stack")
    ? "it is nested too deeply"
    : `it cannot be read: ${line}`
}

/**
 * Whether parsed JSON contains a number beyond the range of a double, which JavaScript reads as
 * infinite.
 */
export const hasInfinite = (value: unknown): boolean => {
  const left = [value]
  // A loop instead of recursion: the value may be deep.
  while (left.length > 0) {
    const one = left.pop()
    if (one === Infinity || one === -Infinity) return true
    if (typeof one === "object" && one !== null) {
      for (const part of Object.values(one)) left.push(part)
    }
  }
  return false
}
