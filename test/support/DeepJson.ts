/**
 * A value that is nested deeply. Node 26 writes JSON of any depth; older versions run out of stack.
 */
import { Result } from "effect"

export const value: unknown = JSON.parse("[".repeat(100_000) + "]".repeat(100_000))

/** Whether this version of Node writes it. */
export const isWritten = Result.isSuccess(Result.try(() => JSON.stringify(value)))
