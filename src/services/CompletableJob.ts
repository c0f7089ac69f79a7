/**
 * A running job that its handler may complete by hand.
 */
import type { Effect } from "effect"
import type { NotInTransaction, StoreError } from "../domain/Errors.ts"
import type { RunningJob } from "../domain/JobRecord.ts"

/** A handler's view of its job. `Value` is the type of its kind's results. */
export interface CompletableJob<in Value = unknown> extends RunningJob {
  /**
   * Completes the job in the open transaction of the application's `PgClient`, with the value of
   * the run: when the transaction commits, the job has ended. If it does not, nothing of it stands.
   * The COMMIT fails, with SQLSTATE `PGQ03`, if the worker has lost the job meanwhile.
   *
   * Fails as `NotInTransaction` outside of `sql.withTransaction`, and as `StoreError` if the
   * transaction completes the job already.
   */
  readonly complete: (value: Value) => Effect.Effect<void, NotInTransaction | StoreError>
}
