/**
 * The worker and the client over a queue in memory, for tests and first steps.
 */
import { Effect, Layer } from "effect"
import type { SettingInvalid, StoreError } from "../domain/Errors.ts"
import * as WorkerSettings from "../domain/WorkerSettings.ts"
import { Handlers } from "../services/Handlers.ts"
import type { Insight } from "../services/Insight.ts"
import type { JobAdmin } from "../services/JobAdmin.ts"
import type { JobControl } from "../services/JobControl.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import type { Objectives } from "../services/Objectives.ts"
import type { Operations } from "../services/Operations.ts"
import type { PauseControl } from "../services/PauseControl.ts"
import type { Series } from "../services/Series.ts"
import type { WorkerControl } from "../services/WorkerControl.ts"
import * as Handler from "./job/Handler.ts"
import type * as Jobs from "./job/Jobs.ts"
import * as Memory from "./memory/MemorySchema.ts"
import * as OwnWorker from "./OwnWorker.ts"
import * as Maintenance from "./worker/Maintenance.ts"
import * as Worker from "./worker/Worker.ts"
import type * as WorkerOptions from "./WorkerOptions.ts"

/** The options of `QueueLive.layer` that matter without a database. */
export type Options = Pick<
  WorkerOptions.Options,
  | "workers"
  | "concurrency"
  | "queues"
  | "grace"
  | "label"
  | "workerId"
  | "lease"
  | "stuckAfter"
  | "traceStyle"
  | "traceKeys"
>

/**
 * The services of producers and operators over jobs in memory, without a worker.
 *
 * All layers of one build share one queue, so a `client` sees the jobs that `layer` works on;
 * `Layer.fresh` makes another queue. Effect's clock is the queue's clock, a `TestClock` too. The
 * jobs are lost with the layer.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job, JobAdmin } from "pgq"
 * import { MemoryQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   const [counts] = yield* (yield* JobAdmin).counts
 *   yield* Effect.logInfo(`${counts?.ready} job is ready`)
 * }).pipe(Effect.provide(MemoryQueue.client))
 * ```
 */
export const client: Layer.Layer<
  Insight | JobAdmin | JobControl | JobRepo | Objectives | Operations | PauseControl | Series
> = Memory.layer

/**
 * The worker of `QueueLive.layer` over jobs in memory, until the layer's scope closes. It takes the
 * place of `QueueLive.layer` in a test.
 *
 * Effect's clock is the queue's clock: under a `TestClock`, delays pass when the test adjusts the
 * clock. Unlike PostgreSQL, the queue loses its jobs with the layer, `enqueue` joins no
 * transaction but that of a transactional run, the history has the jobs of the last day, and no
 * watchdog renews for a handler that blocks the thread. Building the layer fails with
 * `SettingInvalid` where `QueueLive.layer` does.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job, WorkerControl } from "pgq"
 * import { MemoryQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = MemoryQueue.layer({ jobs: [Tick], workers: 5 }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.logInfo("tick")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   const worker = yield* WorkerControl
 *   yield* worker.stop("drain")
 *   yield* worker.ended
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const layer = <const Kinds extends Jobs.Kinds>(
  options: Options & Jobs.JobsOption<Kinds>
): Layer.Layer<
  | Insight
  | JobAdmin
  | JobControl
  | JobRepo
  | Objectives
  | Operations
  | PauseControl
  | Series
  | WorkerControl,
  SettingInvalid | StoreError,
  Handler.HandlersOf<Kinds>
> =>
  Layer.unwrap(Effect.gen(function*() {
    // A caller in JavaScript may give no options at all.
    const settings = yield* Effect.fromResult(WorkerSettings.check(options))
    const handlers = yield* Handler.of<Kinds>(options?.jobs)
    return Layer.merge(Worker.layer(OwnWorker.of(settings)), Maintenance.layer).pipe(
      Layer.provide(Layer.succeed(Handlers, handlers))
    )
  })).pipe(Layer.provideMerge(Memory.layer))
