/**
 * Testing an application that uses pgq: the queue in memory for what only adds jobs, and each
 * cooperative mode in turn for what works on them.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
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

// #region worker
const Sending = MemoryQueue.layer({ jobs: [SendEmail] }).pipe(Layer.provide(SendEmailLive))

it.effect("reminds after ten minutes", () =>
  Effect.gen(function*() {
    const reminder = { to: "ada@example.com", subject: "Confirm your address" }
    yield* enqueue(SendEmail, reminder, { delay: "10 minutes" })
    const worker = yield* WorkerControl

    yield* TestClock.adjust("9 minutes")
    assert.strictEqual((yield* worker.status).done, 0)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual((yield* worker.status).done, 1)
  }).pipe(Effect.provide(Sending)))
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
