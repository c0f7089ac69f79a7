/**
 * Jobs whose writes, whose further jobs and whose end are committed together.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Config, Layer } from "effect"
// #region kind
import { PgClient } from "@effect/sql-pg"
import { Effect, Schema } from "effect"
import { enqueue, Job, PgSchema, QueueLive } from "pgq"
import { SendEmail } from "./Tasks.ts"

const PostInvoice = Job.make("post-invoice", {
  payload: Schema.Struct({ id: Schema.Int, to: Schema.String }),
  success: Schema.Struct({ number: Schema.Int }),
  transactional: { timeout: "10 seconds" }
})

const PostInvoiceLive = PostInvoice.toLayer(Effect.fnUntraced(function*({ id, to }, job) {
  const sql = yield* PgClient.PgClient
  yield* sql`UPDATE invoices SET posted = posted + 1 WHERE id = ${id}`
  yield* enqueue(SendEmail, { to, subject: `Invoice ${id}` })
  if (job.attempt === 1) return yield* Effect.fail("the printer is out of paper")
  return { number: id }
}))
// #endregion

// #region by-hand
const Import = Job.make("import", { payload: Schema.Array(Schema.Int), success: Schema.Int })

const ImportLive = Import.toLayer((ids, job) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    // Slow work first, outside of any transaction.
    yield* Effect.sleep("50 millis")
    yield* sql.withTransaction(Effect.gen(function*() {
      for (const id of ids) yield* sql`INSERT INTO invoices (id) VALUES (${id})`
      yield* job.complete(ids.length)
    }))
    return ids.length
  })
)
// #endregion

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

const Queue = QueueLive.layer({ jobs: [PostInvoice, Import] }).pipe(
  Layer.provide(Layer.merge(PostInvoiceLive, ImportLive)),
  Layer.provide(QueueLive.client())
)

const main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`CREATE TABLE invoices (id integer PRIMARY KEY, posted integer NOT NULL DEFAULT 0)`
  const imported = yield* Job.run(Import, [7, 8])
  const posted = yield* Job.run(PostInvoice, { id: 7, to: "ada@example.com" })
  const invoices = yield* sql`SELECT id, posted FROM invoices ORDER BY id`
  const mails = yield* sql`SELECT payload ->> 'to' AS to FROM pgq.jobs WHERE name = 'send-email'`
  yield* Effect.logInfo(`${imported} imported, posted ${posted.number}`)
  yield* Effect.logInfo(`invoices ${JSON.stringify(invoices)}, mails ${JSON.stringify(mails)}`)
})

PgSchema.migrate().pipe(
  Effect.andThen(Effect.provide(main, Queue)),
  Effect.provide(Database),
  NodeRuntime.runMain
)
