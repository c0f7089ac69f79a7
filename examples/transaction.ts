/**
 * A job that is added in a transaction exists if and only if the transaction commits.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Config, Layer } from "effect"
// #region transaction
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { enqueue, QueueLive } from "pgq"
import { SendEmail } from "./Tasks.ts"

const placeOrder = (order: { readonly email: string; readonly amount: number }) =>
  Effect.gen(function*() {
    const sql = yield* PgClient.PgClient
    yield* sql`INSERT INTO orders (email, amount) VALUES (${order.email}, ${order.amount})`
    yield* enqueue(SendEmail, { to: order.email, subject: "Your order" })
    if (order.amount <= 0) return yield* Effect.fail("an order needs an amount")
  }).pipe((body) => Effect.flatMap(PgClient.PgClient, (sql) => sql.withTransaction(body)))
// #endregion

const main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`CREATE TABLE IF NOT EXISTS orders (email text NOT NULL, amount integer NOT NULL)`
  yield* placeOrder({ email: "ada@example.com", amount: 42 })
  yield* Effect.ignore(placeOrder({ email: "bob@example.com", amount: 0 }))
  const emails = yield* sql`SELECT payload ->> 'to' AS to FROM pgq.jobs WHERE name = 'send-email'`
  const orders = yield* sql`SELECT email FROM orders`
  yield* Effect.logInfo(`orders ${JSON.stringify(orders)}, jobs ${JSON.stringify(emails)}`)
})

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

main.pipe(
  Effect.provide(Layer.provideMerge(QueueLive.client(), Database)),
  NodeRuntime.runMain
)
