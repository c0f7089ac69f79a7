/**
 * The values of runs, from the handler to whoever waits for the job.
 *
 * Tests `src/services/ResultCodec.ts`, `src/services/Await.ts` and `src/layers/postgres/PgEnds.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import * as OnError from "../../../src/domain/OnError.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, eventually, queueName, settle, settled, workerOf } from "../../Given.ts"
import type * as LogLines from "../../support/LogLines.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options, start } from "../Live.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.BigInt }) {}

const whiches = ["effect", "promise", "value", "declined", "broken", "long", "nul", "deep"] as const

const Charge = Job.make("charge", {
  payload: Schema.Literals(whiches),
  success: Schema.Struct({ at: Schema.Date, note: Schema.Unknown }),
  error: Declined,
  onError: { Declined: OnError.fail }
})
const Tick = Job.make("tick", { success: Schema.Void, keepResult: "1 hour" })

const at = new Date("2026-01-02T03:04:05Z")
const result = (note: unknown) => ({ at, note })
const deep: unknown = JSON.parse(`${"[".repeat(3000)}${"]".repeat(3000)}`)

let runs = 0
const notes = {
  effect: "e",
  promise: "p",
  value: "v",
  broken: 1n,
  long: "x".repeat(1_048_577),
  nul: "a\0b",
  deep
}
const ChargeLive = Charge.toLayer((which) => {
  runs++
  return which === "declined"
    ? Effect.fail(new Declined({ code: 51n }))
    : Effect.succeed(result(notes[which]))
})
const TickLive = Tick.toLayer(async () => 7)

const handlers = Layer.merge(ChargeLive, TickLive)

const ends = (note: string) =>
  Settlement.Completed({
    result: { keep: Duration.hours(1), value: JSON.stringify({ at: at.toISOString(), note }) }
  })

layer(PgQueue.layer, options)("the value of a run", (it) => {
  it.effect("is answered to whoever waits, as the handler came to it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* start(handlers, { queues: [queue] })

      const charged = yield* Job.run(Charge, "effect", { queue, timeout: "20 seconds" })
      const ticked = yield* Job.run(Tick, undefined, { queue })
      const declined = yield* Effect.flip(Job.run(Charge, "declined", { queue }))

      assert.deepStrictEqual(charged, result("e"))
      assert.isUndefined(ticked)
      assert.deepStrictEqual(declined, new Declined({ code: 51n }))
    }))

  it.effect("that cannot be stored lets the job complete, once, without it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const lines: Array<LogLines.LogLine> = []
      yield* start(handlers, { queues: [queue], lines })
      runs = 0

      for (
        const [which, issue] of [
          ["broken", /bigint|BigInt|JSON/],
          ["long", /^it has \d+ bytes as JSON; at most 1048576 fit$/],
          ["nul", /^it has a character that PostgreSQL cannot store$/],
          ["deep", /^it is nested too deeply$/]
        ] as const
      ) {
        const error = yield* Effect.flip(Job.run(Charge, which, { queue }))
        assert.strictEqual(error._tag, "ResultInvalid")
        if (error._tag === "ResultInvalid") assert.match(error.issue, issue)
      }

      assert.strictEqual(runs, 4)
      const events = lines.map(({ fields }) => fields["event"])
      assert.lengthOf(events.filter((event) => event === "job.result-invalid"), 4)
      const sql = yield* PgClient.PgClient
      const ends = yield* sql`SELECT outcome FROM pgq.finished_jobs WHERE queue = ${queue}`
      assert.deepStrictEqual(ends, Array.from(ends, () => ({ outcome: "completed" })))
    }))

  it.effect("goes after its time, and with the job", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      yield* start(handlers, { queues: [queue] })
      const id = yield* enqueue(Tick, undefined, { queue })
      yield* Job.await(Tick, id)
      const [kept] = yield* sql<{ hours: number }>`
        SELECT round(extract(epoch FROM expires_at - finished_at) / 3600)::float8 AS hours
        FROM pgq.results WHERE job_id = ${id}
      `
      yield* sql`UPDATE pgq.results SET expires_at = now() WHERE job_id = ${id}`
      yield* Scheduler.use((scheduler) => scheduler.forget)
      const gone = yield* Effect.flip(Job.await(Tick, id))
      yield* sql`DELETE FROM pgq.finished_jobs WHERE id = ${id}`
      const unknown = yield* Effect.flip(Job.await(Tick, id))
      const later = yield* enqueue(Tick, undefined, { queue, delay: "1 hour" })
      const deleted = yield* Effect.forkChild(Effect.flip(Job.await(Tick, later)))
      yield* sql`DELETE FROM pgq.jobs WHERE id = ${later}`

      assert.deepStrictEqual(kept, { hours: 1 })
      assert.deepStrictEqual([gone._tag, unknown._tag], ["ResultGone", "JobUnknown"])
      yield* eventually(Effect.sync(() => assert.isDefined(deleted.pollUnsafe())))
      assert.strictEqual((yield* Effect.flip(Job.await(Tick, later)))._tag, "JobUnknown")
    }))

  it.effect("is not that of a run that came too late", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const id = yield* enqueue(Charge, "value", { queue })
      const late = yield* claim({ queue, worker })
      yield* settle(late, Settlement.Released())
      const jobs = yield* claim({ queue, worker })
      const repo = yield* JobRepo
      yield* repo.settle([
        ...jobs.map((job) => settled(job, ends("new"))),
        ...late.map((job) => settled(job, ends("old")))
      ])

      assert.deepStrictEqual(yield* Job.await(Charge, id), result("new"))
    }))

  it.effect("is kept without a history", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      yield* start(handlers, { queues: [queue] })
      yield* sql`UPDATE pgq.settings SET keep_completed = '0'`

      const ids = yield* enqueueAll(
        Charge,
        Array.from({ length: 200 }, () => ({ payload: "value" as const, queue }))
      )
      const results = yield* Effect.forEach(ids, (id) => Job.await(Charge, id), {
        concurrency: "unbounded"
      })

      assert.deepStrictEqual(results, Array.from(ids, () => result("v")))
      yield* sql`UPDATE pgq.settings SET keep_completed = '1 day'`
    }))

  it.effect("is not waited for in a transaction", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName

      const error = yield* Effect.flip(sql.withTransaction(Job.run(Tick, undefined, { queue })))

      assert.strictEqual(error._tag, "AwaitInTransaction")
      assert.deepStrictEqual(yield* sql`SELECT FROM pgq.jobs WHERE queue = ${queue}`, [])
    }))
})
