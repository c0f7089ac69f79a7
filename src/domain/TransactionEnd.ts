/**
 * Decides from the end of a transactional run's transaction what the worker does next, without the
 * database.
 */
import { Data, Duration, Exit } from "effect"
import type { StoreError } from "./Errors.ts"
import * as ErrorText from "./ErrorText.ts"
import { Settlement } from "./Settlement.ts"

/** The end of one transaction in which a job was to be completed. */
export interface TransactionEnd {
  /** Whether COMMIT was answered: the job is completed, and nothing is to be settled. */
  readonly isCommitted: boolean
  /**
   * How far it came: it waited for a connection and began; the handler ran; pgq added the
   * completion; COMMIT was due.
   */
  readonly phase: "beginning" | "running" | "completing" | "committing"
  /** The exit of the handler, or an interruption. */
  readonly exit: Exit.Exit<unknown, unknown>
  /** The error of a statement of pgq's: of BEGIN, the completion, COMMIT or ROLLBACK. */
  readonly error?: StoreError | undefined
}

/** The store's answer to a worker that does not know whether its COMMIT was done. */
export type CommitAnswer = "leased" | "lost" | "settled"

export type Next = Data.TaggedEnum<{
  /** The job is completed. `exit` is that of the handler. */
  Done: { readonly exit: Exit.Exit<unknown, unknown> }
  /** The run ends as the run of any job does. */
  Decide: { readonly exit: Exit.Exit<unknown, unknown> }
  /** The job is no longer the worker's: nothing is settled. */
  Lose: {}
  /** The handler runs again under the same lease, after so many milliseconds. */
  Again: { readonly delay: number }
  Settle: { readonly settlement: Settlement }
  /** Nobody knows whether the transaction was committed: the store has to be asked. */
  Ask: { readonly exit: Exit.Exit<unknown, unknown> }
}>
export const Next = Data.taggedEnum<Next>()

/** `tries` counts the earlier transactions of the run; `random` is a number in [0, 1). */
export const next = (
  { error, exit, isCommitted, phase }: TransactionEnd,
  { random, tries }: { readonly tries: number; readonly random: number }
): Next => {
  if (isCommitted) return Next.Done({ exit })
  if (error === undefined) {
    return phase === "committing"
      ? Next.Ask({ exit })
      : Next.Decide({ exit })
  }
  if (error.code === leaseLost) return Next.Lose()
  if (error.isOutcomeUnknown === true) {
    return phase === "committing"
      ? Next.Ask({ exit })
      : Next.Settle({ settlement: Settlement.Released() })
  }
  // The handler has failed, and the server has ended the session: ROLLBACK found no connection.
  if (phase === "running") return Next.Decide({ exit })
  if (!error.isTransient) return Next.Decide({ exit: Exit.die(error.cause ?? error) })
  return tries < triesMax
    ? Next.Again({ delay: (0.5 + random / 2) * delayBase * 2 ** tries })
    : Next.Settle({ settlement: delayed(error) })
}

/** Once the store has answered. A job that still stands in its lease was not completed. */
export const afterAnswer = (answer: CommitAnswer, exit: Exit.Exit<unknown, unknown>): Next => {
  switch (answer) {
    case "leased":
      return Next.Settle({ settlement: Settlement.Released() })
    case "lost":
      return Next.Lose()
    case "settled":
      return Next.Done({ exit })
  }
}

/** The SQLSTATE of a completion that was refused: the job is no longer in its lease. */
export const leaseLost = "PGQ03"

/** How often a run begins again in its slot. */
const triesMax = 3

/** Milliseconds. The third delay is 400 at most. */
const delayBase = 100

/** Trouble of the database uses no attempt. */
const delayed = ({ message }: StoreError): Settlement =>
  Settlement.Snoozed({
    delay: Duration.seconds(1),
    error: ErrorText.storable(`the transaction could not be committed: ${message}`),
    holdsLane: true
  })
