/**
 * The layers of an application: a worker, and a client for producers and operators.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import type { SchemaUnfit, SettingInvalid, StoreError } from "../domain/Errors.ts"
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
import * as PgWorker from "./PgWorker.ts"
import * as PgInsight from "./postgres/PgInsight.ts"
import * as PgJobAdmin from "./postgres/PgJobAdmin.ts"
import * as PgJobControl from "./postgres/PgJobControl.ts"
import * as PgJobRepo from "./postgres/PgJobRepo.ts"
import * as PgObjectives from "./postgres/PgObjectives.ts"
import * as PgOperations from "./postgres/PgOperations.ts"
import * as PgPauseControl from "./postgres/PgPauseControl.ts"
import * as PgSchema from "./postgres/PgSchema.ts"
import * as PgSeries from "./postgres/PgSeries.ts"
import type { Options } from "./WorkerOptions.ts"

export type { Options } from "./WorkerOptions.ts"

/**
 * A worker that runs jobs until the layer's scope closes. `jobs` are the kinds it works on; the
 * layer requires the handler of each kind, which the kind's `toLayer` provides. The worker claims
 * in row-lock mode unless another cooperative mode is provided. Closing the scope lets running jobs
 * finish, and cancels them after the grace.
 *
 * Building the layer fails with `SettingInvalid` if an option cannot work, with `SchemaUnfit` if
 * the schema is missing or of another version, and with `StoreError` if the database cannot be
 * reached. A later outage fails nothing: the worker goes on when the database is back. Delays and
 * leases go by the database's clock.
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
  | Insight
  | JobAdmin
  | JobControl
  | JobRepo
  | Objectives
  | Operations
  | PauseControl
  | Series
  | WorkerControl,
  SchemaUnfit | SettingInvalid | StoreError,
  Handler.HandlersOf<Kinds> | PgClient.PgClient
> =>
  // A caller in JavaScript may give no options at all.
  PgWorker.layer(options, Effect.suspend(() => Handler.of<Kinds>(options?.jobs)))

/**
 * The services of producers and operators, without a worker. `schema` defaults to "pgq". Building
 * the layer asks the database nothing. While somebody waits for a job by `Job.await`, a connection
 * of its own listens for its end; with `notify: "poll"`, which connections through PgBouncer in
 * transaction mode need, there is none, and a result is seen up to a second late.
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
  options: {
    readonly schema?: string | undefined
    readonly notify?: "listen" | "poll" | undefined
  } = {}
): Layer.Layer<
  Insight | JobAdmin | JobControl | JobRepo | Objectives | Operations | PauseControl | Series,
  never,
  PgClient.PgClient
> => {
  const schema = options.schema ?? PgSchema.defaultSchema
  return Layer.mergeAll(
    PgJobRepo.layer({ schema }),
    PgInsight.layer({ schema }),
    PgJobAdmin.layer({ schema }),
    PgJobControl.layer({ schema, notify: options.notify }),
    PgObjectives.layer({ schema }),
    PgOperations.layer({ schema }),
    PgPauseControl.layer({ schema }),
    PgSeries.layer({ schema })
  )
}
