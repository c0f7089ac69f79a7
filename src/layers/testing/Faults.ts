/**
 * Faults of workers, which a handler has to bear: its job may run once more.
 */
import { Effect, type Schema } from "effect"
import type { ClaimLost, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { JobKind } from "../../domain/JobKind.ts"
import type { JobMissing } from "../../domain/TestErrors.ts"
import * as Attempt from "./Attempt.ts"
import { kit } from "./Kit.ts"
import type { UnsettledRun } from "./Runs.ts"
import type { TestQueue } from "./TestQueue.ts"
import { withWorker } from "./TestWorker.ts"

type Faulty<A> = Effect.Effect<A, JobMissing | SettingInvalid | StoreError, TestQueue>

/**
 * Runs the next job of a kind, and lets its worker die before the end of the run is recorded. The
 * job is ready again, and the next drain runs it once more; after the third death it fails as
 * crashed. Answers the run. Fails as `JobMissing` if no job of the kind is ready.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Charge = Job.make("charge")
 *
 * const Queue = TestQueue.layer({ jobs: [Charge] }).pipe(
 *   Layer.provide(Charge.toLayer(() => Effect.logInfo("charges, unless it has charged before")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Charge)
 *   yield* TestQueue.crash({ during: Charge })
 *   yield* TestQueue.drain()
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const crash = ({ during }: {
  readonly during: JobKind<string, Schema.Top>
}): Faulty<UnsettledRun> =>
  Effect.flatMap(kit, (kit) =>
    withWorker(kit, (worker) =>
      Effect.gen(function*() {
        const job = yield* Attempt.claim(kit, worker, Attempt.next(during))
        const { run } = yield* Attempt.make(kit, worker, job)
        yield* worker.die
        return run
      })))

/** A run whose worker has lost the job. */
export interface LateRun extends UnsettledRun {
  /**
   * Sends the settlement, too late: nothing is recorded. Answers that the claim is lost, as the
   * store says it.
   */
  readonly settle: Effect.Effect<ReadonlyArray<ClaimLost>, StoreError>
}

/**
 * Runs a ready job by a worker that loses its lease meanwhile, as a process does that was frozen:
 * the job is ready again, and the worker goes on without knowing. Answers the run, whose `settle`
 * sends its settlement too late, whenever the test says so. Fails as `JobMissing` if the job is not
 * ready.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Charge = Job.make("charge")
 *
 * const Queue = TestQueue.layer({ jobs: [Charge] }).pipe(
 *   Layer.provide(Charge.toLayer(() => Effect.logInfo("charges, unless it has charged before")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const late = yield* TestQueue.loseLease(yield* enqueue(Charge))
 *   yield* TestQueue.drain()
 *   for (const { message } of yield* late.settle) yield* Effect.logInfo(message)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const loseLease = (id: bigint): Faulty<LateRun> =>
  Effect.flatMap(kit, (kit) =>
    withWorker(kit, (worker) =>
      Effect.gen(function*() {
        const job = yield* Attempt.claim(kit, worker, {
          isMeant: (job) => job.id === id,
          missing: `job ${id} is not ready`
        })
        const { ended, run } = yield* Attempt.make(kit, worker, job)
        yield* worker.die
        return { ...run, settle: Effect.map(kit.repo.settle([ended]), ({ lost }) => lost) }
      })))
