/**
 * A test's queue in PostgreSQL, in a schema of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { SchemaUnfit, type SettingInvalid, type StoreError } from "../../domain/Errors.ts"
import type { HandlersOf } from "../job/Handler.ts"
import type { JobsOption, Kinds } from "../job/Jobs.ts"
import * as PgJobAdmin from "../postgres/PgJobAdmin.ts"
import * as PgJobControl from "../postgres/PgJobControl.ts"
import * as PgJobRepo from "../postgres/PgJobRepo.ts"
import * as PgQueuedJobs from "../postgres/PgQueuedJobs.ts"
import * as PgRunReports from "../postgres/PgRunReports.ts"
import * as PgScheduler from "../postgres/PgScheduler.ts"
import * as PgSchema from "../postgres/PgSchema.ts"
import * as PgTransactions from "../postgres/PgTransactions.ts"
import * as PgTravel from "../postgres/PgTravel.ts"
import * as PgWorkerRegistry from "../postgres/PgWorkerRegistry.ts"
import { withTimeout } from "../postgres/QueryTimeout.ts"
import * as Kit from "./Kit.ts"
import type { Services } from "./MemoryKit.ts"

/** The schema of a test's queue. */
export interface PostgresOptions {
  /**
   * The name of a schema that does not exist. It is made for the test, and dropped. Defaults to
   * "pgq_test_" and random digits.
   */
  readonly schema?: string | undefined
}

type Errors = SchemaUnfit | SettingInvalid | StoreError

/**
 * The queue of `TestQueue.layer` on PostgreSQL, in a schema of its own: it is migrated when the
 * layer is built, and dropped when the layer's scope closes. No worker runs by itself. The role of
 * the `PgClient` must be allowed to make schemas.
 *
 * Delays go by the database's clock; `TestQueue.travel` makes jobs come due. A handler that needs
 * `JobRepo` itself gets it from `QueueLive.client` with the same `schema`.
 *
 * Building the layer fails as `SchemaUnfit` if the schema exists, as `SettingInvalid` if its name
 * cannot be one, and as `StoreError` if the database refuses or cannot be reached.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = TestQueue.postgres({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.logInfo("tick")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick, undefined, { delay: "1 hour" })
 *   yield* TestQueue.travel("1 hour")
 *   yield* TestQueue.drain()
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export function postgres(
  options?: PostgresOptions & { readonly jobs?: undefined }
): Layer.Layer<Services, Errors, PgClient.PgClient>
export function postgres<const Some extends Kinds>(
  options: PostgresOptions & JobsOption<Some>
): Layer.Layer<Services, Errors, HandlersOf<Some> | PgClient.PgClient>
export function postgres<const Some extends Kinds>(
  options: PostgresOptions & Partial<JobsOption<Some>> = {}
): Layer.Layer<Services, Errors, HandlersOf<Some> | PgClient.PgClient> {
  return Layer.unwrap(Effect.gen(function*() {
    const schema = options.schema ?? `pgq_test_${crypto.randomUUID().replaceAll("-", "").slice(16)}`
    const application = yield* PgClient.PgClient
    const travel = PgTravel.make(application, schema)
    yield* ownSchema(schema)
    return Kit.layer<Some>(options.jobs, travel).pipe(
      Layer.provideMerge(Layer.mergeAll(
        PgJobRepo.layer({ schema }),
        PgJobAdmin.layer({ schema }),
        PgJobControl.layer({ schema }),
        PgQueuedJobs.layer({ schema }),
        PgRunReports.layer({ schema }),
        PgScheduler.layer({ schema }),
        PgTransactions.layer({ schema, application }),
        PgWorkerRegistry.layer({ schema })
      ))
    )
  }))
}

/** A schema until the scope closes. An existing one is not touched, as it would be dropped. */
const ownSchema = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const exists = yield* sql`SELECT FROM pg_namespace WHERE nspname = ${schema}`.pipe(
    withTimeout("test schema")
  )
  if (exists.length > 0) {
    return yield* new SchemaUnfit({
      schema,
      reason: "foreign",
      detail: `schema "${schema}" exists; a test's queue needs one of its own, which it drops`
    })
  }
  yield* Effect.acquireRelease(
    PgSchema.migrate({ schema }),
    () => Effect.ignore(sql`DROP SCHEMA ${sql(schema)} CASCADE`.pipe(withTimeout("test schema")))
  )
})
