/**
 * Payloads between values and JSON, where what one can hold the other cannot.
 */
import { Cause, Result } from "effect"
import * as ErrorText from "./ErrorText.ts"

/** The JSON text of a value, or why there is none. */
export const make = (value: unknown): Result.Result<string, string> =>
  Result.try({ try: () => JSON.stringify(value) ?? "null", catch: issueOf })

/** The issue of a value that threw this when it was read. */
export const issueOf = (thrown: unknown): string => {
  const line = ErrorText.fromCause(Cause.die(thrown)).split("\n", 1)[0] ?? ""
  return line.startsWith("RangeError: Maximum call stack")
    ? "it is nested too deeply"
    : `it cannot be read: ${line}`
}

/** Whether parsed JSON holds a number beyond a double: JavaScript reads it as infinite. */
export const hasInfinite = (value: unknown): boolean => {
  const left = [value]
  // No recursion: it may be deep.
  while (left.length > 0) {
    const one = left.pop()
    if (one === Infinity || one === -Infinity) return true
    if (typeof one === "object" && one !== null) {
      for (const part of Object.values(one)) left.push(part)
    }
  }
  return false
}
