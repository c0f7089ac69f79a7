/**
 * Steps for many jobs at once.
 */
import { Context, type Effect } from "effect"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type {
  Operation,
  OperationInput,
  OperationItem,
  OperationPlan,
  OperationRefused
} from "../domain/Operation.ts"

/** The end of an attempt to do something with an operation. */
type Answer<A> = Effect.Effect<A, JobInvalid | OperationRefused | StoreError>

/**
 * Changes many jobs as one operation: it is planned, looked at, run, and undone for 24 hours. A
 * plan names its jobs, so that no job is met that came later. Each of them is changed as a person
 * would change it alone, or is skipped with a reason: a job that a worker has stays with it.
 * `QueueLive.client` and `QueueLive.layer` provide the service; those of `MemoryQueue` refuse every
 * plan. Its effects fail as `JobInvalid` before anything is asked, as `OperationRefused`, and as
 * `StoreError` if the database refuses or cannot be reached.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job, Operations } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   const ids = [yield* enqueue(Tick), yield* enqueue(Tick)]
 *   const operations = yield* Operations
 *   const plan = yield* operations.plan({ action: "discard", ids, actor: "ada" })
 *   yield* Effect.logInfo(`${plan.planned} jobs, of which ${plan.canUndo} could come back`)
 *   const { done, results } = yield* operations.run(plan.id)
 *   yield* Effect.logInfo(`${done} are discarded`, results)
 *   yield* operations.undo(plan.id)
 * })
 * ```
 */
export class Operations extends Context.Service<Operations, {
  /**
   * Plans an operation, and says what it would do. It can be run for ten minutes. A plan under the
   * id of another one is that other one.
   */
  readonly plan: (input: OperationInput) => Answer<OperationPlan>

  /**
   * Runs a plan to its end, 200 jobs a transaction, and rests as long as each has taken. It goes on
   * where a run was stopped or has died; several processes may run it at once. Of an operation that
   * has ended, nothing is done. Above 1,000 jobs, `count` must be their number, as the plan says.
   */
  readonly run: (
    id: string,
    options?: { readonly count?: number | undefined }
  ) => Answer<Operation>

  /** Stops a run: some 200 jobs may still be changed. A later run goes on. */
  readonly stop: (id: string) => Answer<Operation>

  /**
   * Puts the jobs back as they were, as far as nobody has changed or claimed them since: edited
   * jobs and jobs that were to start at once get their old values, jobs that were queued again are
   * finished again, cancelled and discarded jobs are back with their ids and places. A job that has
   * run cannot be undone, nor the end of a job that its lane waited for. A second undo does
   * nothing.
   */
  readonly undo: (id: string) => Answer<Operation>

  /** The operations of the last 24 hours, the newest first. `limit` defaults to 50. */
  readonly list: (
    options?: { readonly limit?: number | undefined }
  ) => Answer<ReadonlyArray<Operation>>

  /** An operation with its preview. */
  readonly find: (id: string) => Answer<OperationPlan>

  /** The jobs of an operation with ids above `after`, in order. `limit` defaults to 50. */
  readonly items: (
    id: string,
    options?: { readonly after?: bigint | undefined; readonly limit?: number | undefined }
  ) => Answer<ReadonlyArray<OperationItem>>
}>()("pgq/services/Operations") {}
