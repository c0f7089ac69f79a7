/**
 * Payloads between values and JSON, where what one can hold the other cannot.
 */
import { Cause, Result } from "effect"
import * as ErrorText from "./ErrorText.ts"

/** The JSON text of a value, or why there is none. */
export const make = (value: unknown): Result.Result<string, string> =>
  Result.try({ try: () => JSON.stringify(value) ?? "null", catch: issueOf })

/** What it says of a value that this was thrown when it was read. */
export const issueOf = (thrown: unknown): string => {
  const line = ErrorText.fromCause(Cause.die(thrown)).split("\n", 1)[0] ?? ""
  return line.startsWith("RangeError: Maximum call stack")
    ? "it is nested too deeply"
    : `it cannot be read: ${line}`
}
