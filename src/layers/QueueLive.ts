/**
 * The compositions users want: a whole working queue, and a producer's half.
 */
import { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Layer, References } from "effect"
import type { SchemaUnfit, SettingInvalid, StoreError } from "../domain/Errors.ts"
import * as WorkerSettings from "../domain/WorkerSettings.ts"
import { Handlers } from "../services/Handlers.ts"
import type { JobAdmin } from "../services/JobAdmin.ts"
import type { JobRepo } from "../services/JobRepo.ts"
import type { WorkerControl } from "../services/WorkerControl.ts"
import * as Handler from "./job/Handler.ts"
import type * as Jobs from "./job/Jobs.ts"
import * as PgConnections from "./postgres/connection/PgConnections.ts"
import { storeError } from "./postgres/PgError.ts"
import * as PgJobAdmin from "./postgres/PgJobAdmin.ts"
import * as PgJobRepo from "./postgres/PgJobRepo.ts"
import * as PgNotifier from "./postgres/PgNotifier.ts"
import * as PgScheduler from "./postgres/PgScheduler.ts"
import * as PgSchema from "./postgres/PgSchema.ts"
import * as PgWorkerRegistry from "./postgres/PgWorkerRegistry.ts"
import * as PollNotifier from "./postgres/PollNotifier.ts"
import * as PgWatchdog from "./postgres/watchdog/PgWatchdog.ts"
import * as Maintenance from "./worker/Maintenance.ts"
import * as Worker from "./worker/Worker.ts"
import * as WorkerOptions from "./WorkerOptions.ts"

/**
 * How a worker works. A value that cannot work fails as `SettingInvalid`, which names it, when the
 * layer is built.
 */
export interface Options {
  /** How many jobs run at once, 1 to 10,000. Defaults to 5. */
  readonly workers?: number | undefined
  /** Another name for `workers`; where both are given, they are the same number. */
  readonly concurrency?: number | undefined
  /** The queues to work on, at least one, none twice. Defaults to "default" alone. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** The schema that holds pgq's tables. Defaults to "pgq". */
  readonly schema?: string | undefined
  /**
   * How long a closing scope waits for running jobs, and cancelled jobs may clean up, 7 days at
   * most. Defaults to 30 seconds.
   */
  readonly grace?: Duration.Input | undefined
  /** How this worker is called in listings. Defaults to "pgq". */
  readonly label?: string | undefined
  /** A fresh uuid for this start. Defaults to a random one. */
  readonly workerId?: string | undefined
  /** How to be woken: by LISTEN, or by the clock behind a pooler. Defaults to "listen". */
  readonly notify?: "listen" | "poll" | undefined
  /**
   * How long this worker counts as alive without renewing, 0.1 seconds to 1 day. Defaults to 15
   * seconds.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How long a handler may keep the thread to itself before it counts as hanging. Defaults to 10
   * minutes.
   */
  readonly hangLimit?: Duration.Input | undefined
  /**
   * What happens then: its jobs go to others although it may go on beside them, or the process is
   * killed before they do. Defaults to "abandon".
   */
  readonly onHang?: "abandon" | "kill" | undefined
}

/**
 * A queue that works for as long as the layer lives. `jobs` are the kinds it works on; the layer
 * needs the handler of each, which their `toLayer` makes. It claims under row locks, unless another
 * cooperative mode is provided. Closing its scope finishes the running jobs, and cancels them after
 * the grace.
 *
 * Fails as `SettingInvalid` where an option cannot work, as `SchemaUnfit` where the database lacks
 * the schema, and as `StoreError` where the database cannot be reached. An outage later fails
 * nothing: the worker goes on when the database is back. Waits and leases go by the database's
 * clock.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Schema } from "effect"
 * import { enqueue, Job, QueueLive, WorkerControl } from "pgq"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 * const GreetLive = Greet.toLayer(({ name }) => Effect.logInfo(`hello ${name}`))
 *
 * const Queue = QueueLive.layer({ jobs: [Greet], workers: 5 }).pipe(Layer.provide(GreetLive))
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Greet, { name: "Ada" })
 *   const worker = yield* WorkerControl
 *   yield* worker.stop("drain")
 *   yield* worker.ended
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const layer = <const Kinds extends Jobs.Kinds>(
  options: Options & Jobs.JobsOption<Kinds>
): Layer.Layer<
  JobAdmin | JobRepo | WorkerControl,
  SchemaUnfit | SettingInvalid | StoreError,
  Handler.HandlersOf<Kinds> | PgClient.PgClient
> => {
  // A caller in JavaScript may give no options at all.
  const schema = options?.schema ?? PgSchema.defaultSchema
  const working = Layer.unwrap(Effect.gen(function*() {
    const settings = yield* Effect.fromResult(WorkerSettings.check(options))
    const handlers = yield* Handler.of<Kinds>(options?.jobs)
    yield* PgSchema.check({ schema })
    const connections = yield* Effect.mapError(PgConnections.make, storeError("connect"))
    return parts({ options, settings, handlers, schema, connections })
  }))
  return Layer.merge(
    working,
    Layer.merge(PgJobRepo.layer({ schema }), PgJobAdmin.layer({ schema }))
  )
}

/** All that works on jobs, on connections of its own. */
const parts = ({ connections, handlers, options, schema, settings }: {
  readonly options: Options
  readonly settings: WorkerSettings.WorkerSettings
  readonly handlers: Handlers["Service"]
  readonly schema: string
  readonly connections: PgConnections.PgConnections
}) => {
  const { maintenance, heartbeat, worker } = connections
  const hang = { limit: settings.hangLimit, isFatal: options.onHang === "kill" }
  const working = WorkerOptions.of(settings)
  const said = saying({ worker: working.worker.id })
  const notifier = options.notify === "poll"
    ? PollNotifier.layer({ schema })
    : PgNotifier.layer({ schema })
  // Layers are shared by reference: without `fresh`, an application's second queue would get the
  // maintenance of its first.
  return Layer.merge(Worker.layer(working), Layer.fresh(said(Maintenance.layer))).pipe(
    Layer.provide([
      Layer.succeed(Handlers, handlers),
      Layer.provide(said(notifier), Layer.succeed(PgClient.PgClient, worker)),
      Layer.provide(PgJobRepo.layer({ schema }), Layer.succeed(PgClient.PgClient, worker)),
      Layer.provide(PgScheduler.layer({ schema }), Layer.succeed(PgClient.PgClient, maintenance)),
      Layer.provide(
        Layer.merge(
          PgWorkerRegistry.layer({ schema, work: worker }),
          PgWatchdog.layer({ schema, hang })
        ),
        Layer.succeed(PgClient.PgClient, heartbeat)
      )
    ])
  )
}

/** The layer's log lines have these fields, beside the application's. */
const saying = (fields: Readonly<Record<string, unknown>>) =>
  Layer.provide(
    Layer.effect(
      References.CurrentLogAnnotations,
      Effect.map(References.CurrentLogAnnotations, (annotations) => ({ ...annotations, ...fields }))
    )
  )

/**
 * What producers and operators need; it works on no job. `schema` defaults to "pgq". Building it
 * asks nothing of the database.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job, QueueLive } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = enqueue(Tick).pipe(Effect.provide(QueueLive.client()))
 * ```
 */
export const client = (
  options: { readonly schema?: string | undefined } = {}
): Layer.Layer<JobAdmin | JobRepo, never, PgClient.PgClient> => {
  const schema = options.schema ?? PgSchema.defaultSchema
  return Layer.merge(PgJobRepo.layer({ schema }), PgJobAdmin.layer({ schema }))
}
