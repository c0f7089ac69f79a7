/**
 * A transactional kind, a worker of it, and the effects of its handlers in the database.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import type { CompletableJob } from "../../../src/services/CompletableJob.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import { queueName } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import type * as Postgres from "../../support/Postgres.ts"
import { start } from "../Live.ts"

export const Payload = Schema.Struct({ queue: Schema.String, n: Schema.Finite })

export const Post = Job.make("post", {
  payload: Payload,
  success: Schema.Struct({ at: Schema.Finite }),
  transactional: { timeout: "10 seconds" },
  backoffBase: "1 milli"
})
export const Mail = Job.make("mail")

/** Notes an effect of the job in the database. */
export const note = (queue: string, n: number) =>
  Effect.flatMap(
    PgClient.PgClient,
    (sql) => sql`INSERT INTO effects (queue, n) VALUES (${queue}, ${n})`
  )

export const notes = (queue: string) =>
  PgClient.PgClient.use((sql) =>
    Effect.map(
      sql<{ n: number }>`SELECT n FROM effects WHERE queue = ${queue} ORDER BY id`,
      (rows) => rows.map(({ n }) => n)
    )
  )

export const database = Layer.effectDiscard(
  PgClient.PgClient.use((sql) =>
    sql`CREATE TABLE IF NOT EXISTS effects (
    id bigint GENERATED ALWAYS AS IDENTITY, queue text NOT NULL, n integer NOT NULL
  )`
  )
).pipe(Layer.provideMerge(PgQueue.layer))

/** A worker of a queue of its own, with this handler. */
export const work = Effect.fnUntraced(function*(
  handler: Handler,
  given: { readonly workers?: number; readonly lines?: Array<LogLines.LogLine> } = {}
) {
  const queue = yield* queueName
  const context = yield* Effect.context<Services>()
  const handlers = Post.toLayer((payload, job) =>
    Effect.provideContext(handler(payload, job), context)
  )
  yield* start(handlers, { queues: [queue], ...given })
  return queue
})

export type Services = JobRepo | PgClient.PgClient | Postgres.TestDatabase

export type Handler = (
  payload: typeof Payload.Type,
  job: CompletableJob<typeof Post.success.Type>
) => Effect.Effect<{ readonly at: number }, unknown, Services>
