/**
 * pgq's services over a fresh, migrated database on the run's server.
 */
import { Effect, Layer } from "effect"
import * as RowLock from "../../src/layers/locks/RowLock.ts"
import * as PgInsight from "../../src/layers/postgres/PgInsight.ts"
import * as PgJobAdmin from "../../src/layers/postgres/PgJobAdmin.ts"
import * as PgJobControl from "../../src/layers/postgres/PgJobControl.ts"
import * as PgJobRepo from "../../src/layers/postgres/PgJobRepo.ts"
import * as PgNotifier from "../../src/layers/postgres/PgNotifier.ts"
import * as PgObjectives from "../../src/layers/postgres/PgObjectives.ts"
import * as PgOperations from "../../src/layers/postgres/PgOperations.ts"
import * as PgPauseControl from "../../src/layers/postgres/PgPauseControl.ts"
import * as PgPulses from "../../src/layers/postgres/PgPulses.ts"
import * as PgRunReports from "../../src/layers/postgres/PgRunReports.ts"
import * as PgScheduler from "../../src/layers/postgres/PgScheduler.ts"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as PgSeries from "../../src/layers/postgres/PgSeries.ts"
import * as PgWorkerRegistry from "../../src/layers/postgres/PgWorkerRegistry.ts"
import * as Postgres from "./Postgres.ts"

export const schema = "pgq"

/** A fresh database that holds pgq's schema, and a client for it. */
export const database = Layer.effectDiscard(Effect.orDie(PgSchema.migrate({ schema }))).pipe(
  Layer.provideMerge(Postgres.layer)
)

/** Every service but the worker, in the given cooperative mode. */
export const withLock = (lock: Layer.Layer<never>) =>
  Layer.mergeAll(
    PgJobRepo.layer({ schema }),
    PgInsight.layer({ schema }),
    PgJobAdmin.layer({ schema }),
    PgJobControl.layer({ schema }),
    PgNotifier.layer({ schema }),
    PgObjectives.layer({ schema }),
    PgOperations.layer({ schema }),
    PgPauseControl.layer({ schema }),
    PgPulses.layer({ schema }),
    PgRunReports.layer({ schema }),
    PgScheduler.layer({ schema }),
    PgSeries.layer({ schema }),
    PgWorkerRegistry.layer({ schema })
  ).pipe(Layer.provideMerge(lock), Layer.provideMerge(database))

export const layer = withLock(RowLock.layer)
