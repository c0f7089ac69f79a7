/**
 * The compositions in memory, for tests and first steps: a whole working queue, and a producer's
 * half.
 */
import { Effect, Layer } from "effect"
import type { SettingInvalid, StoreError } from "../domain/Errors.ts"
import * as WorkerSettings from "../domain/WorkerSettings.ts"
import { Handlers } from "../services/Handlers.ts"
import type { JobAdmin } from "../services/JobAdmin.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import type { WorkerControl } from "../services/WorkerControl.ts"
import * as Handler from "./job/Handler.ts"
import type * as Jobs from "./job/Jobs.ts"
import * as Memory from "./memory/MemoryQueue.ts"
import type * as QueueLive from "./QueueLive.ts"
import * as Maintenance from "./worker/Maintenance.ts"
import * as Worker from "./worker/Worker.ts"
import * as WorkerOptions from "./WorkerOptions.ts"

/** Those of `QueueLive.layer` that mean something without a database. */
export type Options = Pick<
  QueueLive.Options,
  "workers" | "concurrency" | "queues" | "grace" | "label" | "workerId" | "lease"
>

/** What producers and operators need, on jobs in memory; it works on no job. */
export const client: Layer.Layer<JobAdmin | JobRepo> = Memory.layer

/** A queue that works on jobs in memory for as long as the layer lives. */
export const layer = <const Kinds extends Jobs.Kinds>(
  options: Options & Jobs.JobsOption<Kinds>
): Layer.Layer<
  JobAdmin | JobRepo | WorkerControl,
  SettingInvalid | StoreError,
  Handler.HandlersOf<Kinds>
> =>
  Layer.unwrap(Effect.gen(function*() {
    // A caller in JavaScript may give no options at all.
    const settings = yield* Effect.fromResult(WorkerSettings.check(options))
    const handlers = yield* Handler.of<Kinds>(options?.jobs)
    return Layer.merge(Worker.layer(WorkerOptions.of(settings)), Maintenance.layer).pipe(
      Layer.provide(Layer.succeed(Handlers, handlers))
    )
  })).pipe(Layer.provideMerge(Memory.layer))
