/**
 * A worker over PostgreSQL with connections of its own. Its handlers may come from an application's
 * layers or from a job script.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, References } from "effect"
import type { SchemaUnfit, SettingInvalid, StoreError } from "../domain/Errors.ts"
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
import * as OwnWorker from "./OwnWorker.ts"
import * as PgConnections from "./postgres/connection/PgConnections.ts"
import { storeError } from "./postgres/PgError.ts"
import * as PgInsight from "./postgres/PgInsight.ts"
import * as PgJobAdmin from "./postgres/PgJobAdmin.ts"
import * as PgJobControl from "./postgres/PgJobControl.ts"
import * as PgJobRepo from "./postgres/PgJobRepo.ts"
import * as PgNotifier from "./postgres/PgNotifier.ts"
import * as PgObjectives from "./postgres/PgObjectives.ts"
import * as PgOperations from "./postgres/PgOperations.ts"
import * as PgPauseControl from "./postgres/PgPauseControl.ts"
import * as PgPulses from "./postgres/PgPulses.ts"
import * as PgRunReports from "./postgres/PgRunReports.ts"
import * as PgScheduler from "./postgres/PgScheduler.ts"
import * as PgSchema from "./postgres/PgSchema.ts"
import * as PgSeries from "./postgres/PgSeries.ts"
import * as PgTransactions from "./postgres/PgTransactions.ts"
import * as PgWorkerRegistry from "./postgres/PgWorkerRegistry.ts"
import * as PollNotifier from "./postgres/PollNotifier.ts"
import * as PgWatchdog from "./postgres/watchdog/PgWatchdog.ts"
import * as Maintenance from "./worker/Maintenance.ts"
import * as Worker from "./worker/Worker.ts"
import type { Options } from "./WorkerOptions.ts"

/** The worker, and the services of producers and operators on the application's connections. */
export const layer = <R>(
  options: Options | undefined,
  handlers: Effect.Effect<Handlers["Service"], SettingInvalid, R>
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
  R | PgClient.PgClient
> => {
  const schema = options?.schema ?? PgSchema.defaultSchema
  const working = Layer.unwrap(Effect.gen(function*() {
    const settings = yield* Effect.fromResult(WorkerSettings.check(options ?? {}))
    const found = yield* handlers
    yield* PgSchema.check({ schema })
    const connections = yield* Effect.mapError(PgConnections.make, storeError("connect"))
    const application = yield* PgClient.PgClient
    return parts({
      isTraced: yield* References.TracerEnabled,
      options: options ?? {},
      settings,
      handlers: found,
      schema,
      connections,
      application
    })
  }))
  return Layer.mergeAll(
    working,
    PgJobRepo.layer({ schema }),
    PgInsight.layer({ schema }),
    PgJobAdmin.layer({ schema }),
    PgJobControl.layer({ schema, notify: options?.notify }),
    PgObjectives.layer({ schema }),
    PgOperations.layer({ schema }),
    PgPauseControl.layer({ schema }),
    PgSeries.layer({ schema })
  )
}

/** The parts of the worker, on connections of its own. */
const parts = ({ application, connections, handlers, isTraced, options, schema, settings }: {
  /** Whether the runs of handlers are traced. */
  readonly isTraced: boolean
  readonly options: Options
  readonly settings: WorkerSettings.WorkerSettings
  readonly handlers: Handlers["Service"]
  readonly schema: string
  readonly connections: PgConnections.PgConnections
  readonly application: PgClient.PgClient
}) => {
  const { maintenance, heartbeat, worker } = connections
  const hang = { limit: settings.hangLimit, isFatal: options.onHang === "kill" }
  const working = { ...OwnWorker.of(settings), isTraced }
  const said = saying({ worker: working.worker.id })
  const notifier = options.notify === "poll"
    ? PollNotifier.layer({ schema })
    : PgNotifier.layer({ schema })
  // Layers are shared by reference: without `fresh`, an application's second queue would get the
  // maintenance of its first.
  const first = Layer.fresh(said(Maintenance.expireFirst))
  return Layer.merge(
    Layer.provide(Worker.layer(working), first),
    Layer.fresh(said(Maintenance.layer))
  ).pipe(
    Layer.provide([
      Layer.succeed(Handlers, handlers),
      Layer.provide(said(notifier), Layer.succeed(PgClient.PgClient, worker)),
      Layer.provide(
        Layer.mergeAll(
          PgJobRepo.layer({ schema }),
          PgPulses.layer({ schema }),
          PgRunReports.layer({ schema })
        ),
        Layer.succeed(PgClient.PgClient, worker)
      ),
      Layer.provide(
        PgTransactions.layer({ schema, application, handlers }),
        Layer.succeed(PgClient.PgClient, worker)
      ),
      Layer.provide(PgScheduler.layer({ schema }), Layer.succeed(PgClient.PgClient, maintenance)),
      Layer.provide(
        Layer.merge(
          PgWorkerRegistry.layer({ schema, work: worker }),
          PgWatchdog.layer({ schema, hang, way: options.watchdog })
        ),
        Layer.succeed(PgClient.PgClient, heartbeat)
      )
    ]),
    // Each statement has a span, and an idle worker asks all day long.
    Layer.provide(
      Layer.succeed(References.TracerEnabled, isTraced && options.traceStore === true)
    )
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
