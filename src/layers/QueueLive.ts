/**
 * The compositions users want: a whole working queue, and a producer's half.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import { type SchemaUnfit, SettingInvalid, type StoreError } from "../domain/Errors.ts"
import { defaultQueue, queueBytesMax } from "../domain/Job.ts"
import { busyAfter } from "../domain/Lease.ts"
import { Handlers } from "../services/Handlers.ts"
import type { JobAdmin } from "../services/JobAdmin.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import type { LockStrategy } from "../services/LockStrategy.ts"
import type { QueueControl } from "../services/QueueControl.ts"
import type { WorkerRegistry } from "../services/WorkerRegistry.ts"
import * as Caretaker from "./Caretaker.ts"
import { handlersIn } from "./Job.ts"
import * as PgJobAdmin from "./PgJobAdmin.ts"
import * as PgJobRepo from "./PgJobRepo.ts"
import * as PgNotifier from "./PgNotifier.ts"
import * as PgScheduler from "./PgScheduler.ts"
import * as PgSchema from "./PgSchema.ts"
import * as PgWorkerRegistry from "./PgWorkerRegistry.ts"
import * as PollNotifier from "./PollNotifier.ts"
import * as RowLock from "./RowLock.ts"
import * as Worker from "./Worker.ts"

export interface Options {
  /** How many jobs run at once. Defaults to 5. */
  readonly workers?: number | undefined
  /** The queues to work on. Defaults to "default" alone. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** The schema that holds pgq's tables. Defaults to "pgq". */
  readonly schema?: string | undefined
  /** How long a closing scope waits for running jobs, and cancelled jobs may clean up. Defaults to 30 seconds. */
  readonly grace?: Duration.Input | undefined
  /** How this worker is called in listings. Defaults to "pgq". */
  readonly label?: string | undefined
  /** A fresh uuid for this start. Defaults to a random one. */
  readonly workerId?: string | undefined
  /** How to be woken: by LISTEN, or by the clock behind a pooler. Defaults to "listen". */
  readonly notify?: "listen" | "poll" | undefined
  /** How long this worker counts as alive without renewing. Defaults to 15 seconds. */
  readonly lease?: Duration.Input | undefined
  /** How long a handler may keep the thread to itself before it counts as hanging. Defaults to 10 minutes. */
  readonly hangLimit?: Duration.Input | undefined
  /**
   * What happens then: its jobs go to others although it may go on beside them, or the process is killed
   * before they do. Defaults to "abandon".
   */
  readonly onHang?: "abandon" | "kill" | undefined
}

/**
 * A queue that works for as long as the layer lives. Its handlers are the layers provided to it that
 * `Job.toLayer` made. Closing its scope finishes the running jobs, and cancels them after the grace.
 */
export const layer = (options: Options = {}): Layer.Layer<
  JobAdmin | JobRepo | QueueControl,
  SchemaUnfit | SettingInvalid | StoreError,
  LockStrategy | PgClient.PgClient
> => {
  const schema = options.schema ?? PgSchema.defaultSchema
  const worker = Layer.unwrap(Effect.map(workerOptions(options), Worker.layer))
  const hang = { limit: hangLimit(options), isFatal: options.onHang === "kill" }
  const notifier = options.notify === "poll" ? PollNotifier.layer() : PgNotifier.layer({ schema })
  // Layers are shared by reference: without `fresh`, an application's second queue would get the handlers
  // and the caretaker of its first.
  return Layer.merge(worker, Layer.fresh(Caretaker.layer)).pipe(
    Layer.provide([
      Layer.fresh(handlers),
      notifier,
      PgScheduler.layer({ schema }),
      PgWorkerRegistry.layer({ schema, hang })
    ]),
    Layer.provideMerge(Layer.merge(PgJobRepo.layer({ schema }), PgJobAdmin.layer({ schema }))),
    Layer.provideMerge(Layer.effectDiscard(PgSchema.check(schema)))
  )
}

const workerOptions = Effect.fnUntraced(function*(options: Options) {
  const concurrency = options.workers ?? 5
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    return yield* new SettingInvalid({
      setting: "workers",
      issue: `${concurrency} is not a whole number from 1 on`
    })
  }
  const queues = options.queues ?? [defaultQueue]
  for (const queue of queues) {
    const bytes = Buffer.byteLength(queue)
    if (bytes === 0 || bytes > queueBytesMax) {
      return yield* new SettingInvalid({
        setting: "queue",
        issue: `the name "${queue}" has ${bytes} bytes; from 1 to ${queueBytesMax} fit`
      })
    }
  }
  const lease = Duration.fromInputUnsafe(options.lease ?? "15 seconds")
  // Whoever looks, looks three times until then.
  const shortest = Duration.millis(busyAfter(Duration.toMillis(lease)))
  if (Duration.isLessThan(hangLimit(options), shortest)) {
    return yield* new SettingInvalid({
      setting: "hangLimit",
      issue: `a handler that keeps the thread for less than ${
        Duration.format(shortest)
      } does not hang`
    })
  }
  return {
    grace: Duration.fromInputUnsafe(options.grace ?? "30 seconds"),
    worker: {
      id: options.workerId ?? randomUUID(),
      label: options.label ?? "pgq",
      host: hostname(),
      pid: process.pid,
      queues,
      concurrency,
      lease
    }
  }
})

const hangLimit = (options: Options): Duration.Duration =>
  Duration.fromInputUnsafe(options.hangLimit ?? "10 minutes")

/** What producers and operators need; it works on no job. */
export const client = (
  options: { readonly schema?: string | undefined } = {}
): Layer.Layer<JobAdmin | JobRepo | WorkerRegistry, never, PgClient.PgClient> => {
  const schema = options.schema ?? PgSchema.defaultSchema
  return Layer.mergeAll(
    PgJobRepo.layer({ schema }).pipe(Layer.provide(RowLock.layer)),
    PgJobAdmin.layer({ schema }),
    PgWorkerRegistry.layer({ schema })
  )
}

/** Every handler among the services that this layer is provided with. */
const handlers = Layer.effect(
  Handlers,
  Effect.map(Effect.context<never>(), (context) => {
    const byName = new Map(handlersIn(context).map((handler) => [handler.name, handler]))
    return { find: (name: string) => byName.get(name), names: Array.from(byName.keys()) }
  })
)
