/**
 * A deeply nested value. Node 26 writes JSON of any depth; older versions run out of stack.
 */
import { Result } from "effect"

export const value: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000))

/** Whether this version of Node writes the value as JSON. */
export const isWritten = Result.isSuccess(Result.try(() => JSON.stringify(value)))
