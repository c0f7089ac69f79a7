/**
 * The transactions that complete jobs when they commit.
 */
import { Context, type Duration, type Effect } from "effect"
import type { NotInTransaction, StoreError } from "../domain/Errors.ts"
import type { Result } from "../domain/Settlement.ts"
import type { CommitAnswer, TransactionEnd } from "../domain/TransactionEnd.ts"

export class Transactions extends Context.Service<Transactions, {
  /**
   * Runs a handler in a transaction, and completes its job in the commit of the transaction. It is
   * called in an uninterruptible region; until the commit it may be interrupted.
   */
  readonly run: (run: TransactionalRun) => Effect.Effect<TransactionEnd>

  /**
   * Completes a job in the transaction at hand, if it commits. `onCommit` is called when it has
   * committed.
   */
  readonly complete: (
    completion: Completion,
    onCommit: () => void
  ) => Effect.Effect<void, NotInTransaction | StoreError>

  /** Whether the transaction was committed that was to complete the job. */
  readonly ask: (job: Leased) => Effect.Effect<CommitAnswer, StoreError>
}>()("pgq/services/Transactions") {}

/** A job and the lease under which it was claimed. */
export interface Leased {
  readonly id: bigint
  readonly lease: string
}

/** The end of a run that succeeded. */
export interface Completion extends Leased {
  /** For whoever waits for the job; `undefined` if its kind has no results. */
  readonly result: Result | undefined
  /** How long the run took, in milliseconds. */
  readonly ranFor: number
}

export interface TransactionalRun {
  /** How long the transaction may stay open. */
  readonly timeout: Duration.Duration
  /** The transaction is open, and the handler is about to run. */
  readonly onBegin: () => void
  readonly handler: Effect.Effect<unknown, unknown>
  /** The completion, by the value of the handler. */
  readonly completion: (value: unknown) => Completion
}
