/**
 * The next step for settlements that the store has refused, decided without the store.
 */
import type { StoreError } from "./Errors.ts"

/** The next step for settlements that were refused as one batch. */
export type Next = "sent again" | "sent one by one" | "refused"

export const nextOf = (error: StoreError, batch: {
  /**
   * Whether the store has refused the settlement before, with an error that does not concern it.
   */
  readonly isCertain: boolean
  readonly size: number
}): Next =>
  error.isTransient || (isDoubtful(error) && !batch.isCertain)
    ? "sent again"
    : batch.size > 1
    ? "sent one by one"
    : "refused"

/**
 * An internal error of the server or the client does not concern the settlement. It is believed the
 * second time.
 */
const isDoubtful = ({ code, isTransient }: StoreError): boolean =>
  !isTransient && (code === undefined || code.startsWith("XX"))
