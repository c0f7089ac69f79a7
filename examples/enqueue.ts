/**
 * Adding jobs from code: one, many, later, and in a queue of their own.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Layer } from "effect"
// #region enqueue
import { Duration, Effect } from "effect"
import { enqueue, enqueueAll, QueueLive } from "pgq"
import { CloseMonth, SendEmail } from "./Tasks.ts"

const produce = Effect.gen(function*() {
  const id = yield* enqueue(SendEmail, { to: "ada@example.com", subject: "Welcome" })

  // Jobs that share a key run one at a time: higher priority first, then in the order they came.
  yield* enqueue(CloseMonth, { month: "2030-01" }, { key: "books", priority: 10 })

  yield* enqueue(CloseMonth, { month: "2030-02" }, { key: "books", delay: Duration.days(28) })

  // Many at once, all or none.
  const subjects = ["Summer", "Autumn", "Winter"]
  const ids = yield* enqueueAll(
    SendEmail,
    subjects.map((subject) => ({
      payload: { to: "ada@example.com", subject },
      queue: "newsletter"
    }))
  )
  return [id, ...ids]
})
// #endregion

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

Effect.flatMap(produce, (ids) => Effect.logInfo(`added ${ids.length + 2} jobs`)).pipe(
  Effect.provide(Layer.provide(QueueLive.client(), Database)),
  NodeRuntime.runMain
)
