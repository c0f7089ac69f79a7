/**
 * Runs the jobs of a test's queue, one after the other.
 */
import { type Duration, Effect, type Schema } from "effect"
import type { JobKind } from "../../domain/JobKind.ts"
import type { ChainEndless, JobMissing, RunFailed } from "../../domain/TestErrors.ts"
import * as Attempt from "./Attempt.ts"
import * as Draining from "./Draining.ts"
import { kit } from "./Kit.ts"
import type { DrainOptions, Run, RunErrors } from "./Runs.ts"
import type { TestQueue } from "./TestQueue.ts"
import { withWorker } from "./TestWorker.ts"

/**
 * Runs all jobs that can run now, and those that they enqueue, until none is ready. One job runs
 * after the other, the most urgent one first, then the smallest id. A job that is for later does
 * not run. Answers the runs in their order.
 *
 * Fails as `RunFailed` if a run fails, unless `onFailure` is "record". A chain of more than 10,000
 * jobs, each of which has enqueued the next or itself, fails as `ChainEndless`.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = TestQueue.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.logInfo("tick")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   for (const { job, settlement } of yield* TestQueue.drain()) {
 *     yield* Effect.logInfo(job.name, settlement._tag)
 *   }
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const drain = (options: DrainOptions = {}): Effect.Effect<
  ReadonlyArray<Run>,
  ChainEndless | RunFailed | RunErrors,
  TestQueue
> =>
  Effect.flatMap(
    kit,
    (kit) => withWorker(kit, (worker) => Draining.untilEmpty(Draining.of(kit, worker), options))
  )

/**
 * Drains, goes on to the time at which the next job comes due, and so on, for `time` in all.
 * Answers the runs in their order. Fails as `drain` does.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TestQueue } from "pgq/testing"
 *
 * export const program = Effect.gen(function*() {
 *   const runs = yield* TestQueue.drainUntil("3 days", { onFailure: "record" })
 *   yield* Effect.logInfo(`${runs.length} runs in three days`)
 * }).pipe(Effect.provide(TestQueue.postgres()))
 * ```
 */
export const drainUntil = (time: Duration.Input, options: DrainOptions = {}): Effect.Effect<
  ReadonlyArray<Run>,
  ChainEndless | RunFailed | RunErrors,
  TestQueue
> =>
  Effect.flatMap(
    kit,
    (kit) =>
      withWorker(kit, (worker) => Draining.untilTime(Draining.of(kit, worker), time, options))
  )

/**
 * Runs the next job that is ready, or the next one of a kind. Answers its run, whether it fails or
 * not. Fails as `JobMissing` if none is ready.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = TestQueue.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.fail("not yet")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   const { settlement } = yield* TestQueue.runOne(Tick)
 *   yield* Effect.logInfo(settlement._tag)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const runOne = (kind?: JobKind<string, Schema.Top>): Effect.Effect<
  Run,
  JobMissing | RunErrors,
  TestQueue
> =>
  Effect.flatMap(kit, (kit) =>
    withWorker(kit, (worker) =>
      Effect.flatMap(
        Attempt.claim(kit, worker, Attempt.next(kind)),
        (job) => Draining.runClaimed({ kit, worker }, job)
      )))
