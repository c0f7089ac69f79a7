/**
 * What becomes of settlements that the store has refused, decided without touching it.
 */
import type { StoreError } from "./Errors.ts"

/** The next step for settlements that were refused as one batch. */
export type Next = "sent again" | "sent one by one" | "refused"

export const nextOf = (error: StoreError, batch: {
  /** Whether the store has refused it before, for a reason that says nothing about it. */
  readonly isCertain: boolean
  readonly size: number
}): Next =>
  error.isTransient || (isDoubtful(error) && !batch.isCertain)
    ? "sent again"
    : batch.size > 1
    ? "sent one by one"
    : "refused"

/**
 * An error of the server's inside, or of the client, says nothing about what was sent. It is
 * believed when it comes again.
 */
const isDoubtful = ({ code, isTransient }: StoreError): boolean =>
  !isTransient && (code === undefined || code.startsWith("XX"))
