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

const placeOrder = Effect.fnUntraced(function*(email: string, amount: number) {
  const sql = yield* PgClient.PgClient
  yield* sql.withTransaction(Effect.gen(function*() {
    yield* sql`INSERT INTO orders (email, amount) VALUES (${email}, ${amount})`
    yield* enqueue(SendEmail, { to: email, subject: "Your order" })
    if (amount <= 0) return yield* Effect.fail("an order needs an amount")
  }))
})
// #endregion

const main = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  yield* sql`CREATE TABLE IF NOT EXISTS orders (email text NOT NULL, amount integer NOT NULL)`
  yield* placeOrder("ada@example.com", 42)
  yield* Effect.ignore(placeOrder("bob@example.com", 0))
  const emails = yield* sql`SELECT payload ->> 'to' AS to FROM pgq.jobs WHERE name = 'send-email'`
  const orders = yield* sql`SELECT email FROM orders`
  yield* Effect.logInfo(`orders ${JSON.stringify(orders)}, jobs ${JSON.stringify(emails)}`)
})

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

main.pipe(
  Effect.provide(Layer.provideMerge(QueueLive.client(), Database)),
  NodeRuntime.runMain
)
