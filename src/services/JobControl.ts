/**
 * The steps that operators and applications take with single jobs.
 */
import { Context, type Effect } from "effect"
import type {
  CancelCounts,
  CancelFilter,
  Cancellation,
  JobOutcome
} from "../domain/Cancellation.ts"
import type { StoreError } from "../domain/Errors.ts"

export class JobControl extends Context.Service<JobControl, {
  /** Cancels jobs. Answers for each of them, in the order given. Each job is a step of its own. */
  readonly cancel: (
    ids: ReadonlyArray<bigint>,
    options?: { readonly reason?: string | undefined }
  ) => Effect.Effect<ReadonlyArray<Cancellation>, StoreError>

  /**
   * Cancels some hundreds of the jobs with an id above `after` that the filter names. `last` is the
   * id to go on behind; `undefined` at the end.
   */
  readonly cancelSome: (
    filter: CancelFilter,
    options: { readonly after: bigint; readonly reason?: string | undefined }
  ) => Effect.Effect<CancelCounts & { readonly last: bigint | undefined }, StoreError>

  /**
   * How a job has ended. "unfinished" if it has not; "unknown" if there is neither a job nor a
   * history of it.
   */
  readonly outcomeOf: (
    id: bigint
  ) => Effect.Effect<JobOutcome | "unfinished" | "unknown", StoreError>
}>()("pgq/services/JobControl") {}
