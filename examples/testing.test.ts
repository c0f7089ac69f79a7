/**
 * Testing an application that uses pgq: with a queue whose jobs run when the test says so, in
 * memory and on PostgreSQL, and with a worker in each cooperative mode.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Schema } from "effect"
import { TestClock } from "effect/testing"
import {
  AdvisoryLock,
  enqueue,
  Job,
  PgSchema,
  QueueLive,
  RowLock,
  SoloLock,
  WorkerControl
} from "pgq"
import { MemoryQueue, TestQueue } from "pgq/testing"
import { CloseMonth, SendEmail, SendEmailLive } from "./Tasks.ts"

// #region enqueued
const signUp = Effect.fnUntraced(function*(email: string) {
  yield* enqueue(SendEmail, { to: email, subject: "Welcome" })
  yield* enqueue(SendEmail, { to: email, subject: "How is it going?" }, { delay: "3 days" })
})

const Queue = TestQueue.layer({ jobs: [SendEmail] }).pipe(Layer.provide(SendEmailLive))

describe("signing up", () => {
  it.effect("mails at once, and after three days", () =>
    Effect.gen(function*() {
      yield* signUp("ada@example.com")
      yield* TestQueue.assertEnqueued(SendEmail, { payload: { to: "ada@example.com" } })
      yield* TestQueue.refuteEnqueued(CloseMonth)

      const runs = yield* TestQueue.drain()
      assert.deepStrictEqual(runs.map(({ job }) => job.name), ["send-email"])

      yield* TestQueue.travel("3 days")
      yield* TestQueue.drain()
      assert.deepStrictEqual(yield* TestQueue.enqueued(SendEmail), [])
    }).pipe(Effect.provide(Queue)))
  // #endregion

  // #region during
  it.effect("mails the one who signs up, and nobody else", () =>
    Effect.gen(function*() {
      yield* signUp("ada@example.com")
      const [, jobs] = yield* TestQueue.during(signUp("bob@example.com"))

      assert.strictEqual(jobs.length, 2)
    }).pipe(Effect.provide(Queue)))
  // #endregion

  it.effect("says what is queued in the place of a job", () =>
    Effect.gen(function*() {
      yield* enqueue(CloseMonth, { month: "2026-10" })
      yield* enqueue(SendEmail, { to: "bob@example.com", subject: "Welcome" }, { key: "bob" })

      const missing = yield* Effect.flip(
        TestQueue.assertEnqueued(SendEmail, { payload: { to: "ada@example.com" } })
      )
      assert.strictEqual(missing.message, nearestFirst.trim())
    }).pipe(Effect.provide(Queue)))
})

const nearestFirst = `
// #region message
"send-email" with payload {"to":"ada@example.com"} is not queued; these jobs are queued, the nearest first:
  "send-email" 2, {"to":"bob@example.com","subject":"Welcome"}, key "bob": payload.to is "bob@example.com"
  "close-month" 1, {"month":"2026-10"}
// #endregion
`.replaceAll(/^.*#.*region.*\n/gm, "")

// #region perform
const Failing = TestQueue.layer({ jobs: [SendEmail] }).pipe(
  Layer.provide(TestQueue.stub(SendEmail, Exit.fail("the mail server is down")))
)

describe("a mail that cannot be sent", () => {
  const welcome = { to: "ada@example.com", subject: "Welcome" }

  it.effect("is tried ten times", () =>
    Effect.gen(function*() {
      const ninth = yield* TestQueue.perform(SendEmail, welcome, { attempt: 9 })
      const tenth = yield* TestQueue.perform(SendEmail, welcome, { attempt: 10 })

      assert.strictEqual(ninth.settlement._tag, "Retried")
      assert.strictEqual(tenth.settlement._tag, "Failed")
    }).pipe(Effect.provide(Failing)))

  it.effect("has failed after a day", () =>
    Effect.gen(function*() {
      yield* enqueue(SendEmail, welcome)

      const runs = yield* TestQueue.drainUntil("1 day", { onFailure: "record" })

      assert.strictEqual(runs.length, 10)
      assert.strictEqual(runs.at(-1)?.settlement._tag, "Failed")
    }).pipe(Effect.provide(Failing)))
})
// #endregion

// #region faults
const Charge = Job.make("charge", { payload: Schema.Struct({ order: Schema.String }) })
const charged = new Set<string>()
const ChargeLive = Charge.toLayer(({ order }) => charged.has(order) ? "before" : charged.add(order))

it.effect("charges once, although its worker dies", () =>
  Effect.gen(function*() {
    yield* enqueue(Charge, { order: "7" })

    yield* TestQueue.crash({ during: Charge })
    const [second] = yield* TestQueue.drain()

    assert.deepStrictEqual(second?.exit, Exit.succeed("before"))
  }).pipe(
    Effect.provide(Layer.provide(TestQueue.layer({ jobs: [Charge] }), ChargeLive))
  ))
// #endregion

const Database = PgClient.layer({ url: Redacted.make(process.env["PGQ_URL"] ?? "") })

// #region stores
const stores = {
  "memory": TestQueue.layer({ jobs: [SendEmail] }),
  "PostgreSQL": Layer.provide(TestQueue.postgres({ jobs: [SendEmail] }), Database)
}

describe.each(Object.entries(stores))("reminding, with the jobs in %s", (_, Store) => {
  it.effect("waits for ten minutes", () =>
    Effect.gen(function*() {
      const reminder = { to: "ada@example.com", subject: "Confirm your address" }
      yield* enqueue(SendEmail, reminder, { delay: "10 minutes" })

      yield* TestQueue.travel("9 minutes")
      assert.strictEqual((yield* TestQueue.drain()).length, 0)
      yield* TestQueue.travel("1 minute")
      assert.strictEqual((yield* TestQueue.drain()).length, 1)
    }).pipe(Effect.provide(Layer.provide(Store, SendEmailLive))))
})
// #endregion

// #region worker
const Sending = MemoryQueue.layer({ jobs: [SendEmail] }).pipe(Layer.provide(SendEmailLive))

it.effect("reminds by itself after ten minutes", () =>
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
  Layer.provideMerge(Database)
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
