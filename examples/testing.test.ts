/**
 * Testing an application that uses pgq: the queue in memory for what only adds jobs, and each
 * cooperative mode in turn for what works on them.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import {
  AdvisoryLock,
  enqueue,
  JobAdmin,
  PgSchema,
  QueueLive,
  RowLock,
  SoloLock,
  WorkerControl
} from "pgq"
import { MemoryQueue } from "pgq/testing"
import { SendEmail, SendEmailLive } from "./Tasks.ts"

// #region memory
const signUp = (email: string) => enqueue(SendEmail, { to: email, subject: "Welcome" })

layer(MemoryQueue.client)("signing up", (it) => {
  it.effect("asks for a welcome mail", () =>
    Effect.gen(function*() {
      yield* signUp("ada@example.com")

      const [counts] = yield* (yield* JobAdmin).counts
      assert.deepStrictEqual([counts?.queue, counts?.ready], ["default", 1])
    }))
})
// #endregion

const Migrated = Layer.effectDiscard(PgSchema.migrate()).pipe(
  Layer.provideMerge(PgClient.layer({ url: Redacted.make(process.env["PGQ_URL"] ?? "") }))
)

// #region modes
const modes: Record<string, Layer.Layer<never>> = {
  "row lock": RowLock.layer,
  "advisory lock": AdvisoryLock.layer({ key: 42n }),
  "solo": SoloLock.layer
}

describe.each(Object.entries(modes))("the queue in %s mode", (_, Mode) => {
  const App = QueueLive.layer({ jobs: [SendEmail], workers: 2 }).pipe(
    Layer.provide(SendEmailLive),
    Layer.provide(Mode)
  )

  it.live("sends the welcome mail", () =>
    Effect.gen(function*() {
      yield* signUp("ada@example.com")
      const queue = yield* WorkerControl
      yield* queue.stop("drain")
      yield* queue.ended

      assert.strictEqual((yield* queue.status).done, 1)
    }).pipe(
      Effect.provide(Layer.provide(App, Migrated))
    ))
})
// #endregion
