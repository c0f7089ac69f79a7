/**
 * Unique jobs from code: many producers at once, keys that a transaction has, keys by SQL and by
 * code, and the times of debounced jobs and of holds.
 *
 * Tests `src/layers/postgres/PgOffer.ts` and `src/domain/UniqueKey.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber, Random, Schema } from "effect"
import * as UniqueKey from "../../../src/domain/UniqueKey.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { offer, offerAll } from "../../../src/services/Offer.ts"
import { wantedOf } from "../../contracts/jobRepo/Offers.ts"
import * as Fuzz from "../../fuzz/Fuzz.ts"
import { queueName } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { options, producer } from "../Live.ts"

const payload = Schema.Struct({ user: Schema.String, n: Schema.Finite })
const Kept = Job.make("kept", { payload, unique: { by: "user" } })
const Newest = Job.make("newest", { payload, unique: { by: "user", mode: "replace" } })
const Rejected = Job.make("rejected", { payload, unique: { by: "user", mode: "reject" } })

const payloadsOf = (name: string) =>
  PgClient.PgClient.use((sql) =>
    sql<{ id: bigint; n: number; key: string | null }>`
      SELECT id, (payload ->> 'n')::integer AS n, unique_key AS key FROM pgq.jobs
      WHERE name = ${name} ORDER BY id
    `
  )

layer(producer, options)("unique jobs", (it) => {
  it.effect("of 24 producers on 5 keys are one for each key, and each call has an answer", () =>
    Effect.gen(function*() {
      const users = ["a", "b", "c", "d", "e"]
      const calls = Array.from(
        { length: 24 },
        (_, n) => Effect.forEach(users, (user) => enqueue(n % 2 === 0 ? Kept : Newest, { user, n }))
      )
      const ids = yield* Effect.all(calls, { concurrency: "unbounded" })

      for (const [n, kind] of [Kept, Newest].entries()) {
        const jobs = yield* payloadsOf(kind.name)
        assert.lengthOf(jobs, 5)
        const answered = ids.filter((_, call) => call % 2 === n)
        assert.deepStrictEqual(
          answered.map((ofCall) => ofCall.map((id) => jobs.findIndex((job) => job.id === id))),
          answered.map(() => users.map((user) => jobs.findIndex(({ key }) => key === `"${user}"`)))
        )
      }
    }))

  it.effect("do not wait for a key that an open transaction has, but for the job with that key", () =>
    Effect.gen(function*() {
      const { begin, commit, sql } = yield* Session.open
      yield* begin
      const [row] = yield* sql<{ id: bigint }>`
        SELECT id FROM pgq.offer('kept', '{"user": "held", "n": 0}', '"held"')
      `
      const since = yield* Clock.currentTimeMillis
      const held = yield* Effect.forkChild(enqueue(Kept, { user: "held", n: 1 }))
      yield* Effect.all(
        Array.from({ length: 20 }, (_, n) => enqueue(Kept, { user: `free${n}`, n })),
        { concurrency: "unbounded" }
      )
      const took = (yield* Clock.currentTimeMillis) - since
      yield* commit

      // About 130 ms on a quiet machine.
      assert.isBelow(took, 1500)
      assert.strictEqual(yield* Fiber.join(held), row!.id)
    }))

  it.effect("that are rejected say so, one by one or for a whole call", () =>
    Effect.gen(function*() {
      const a = { user: "a", n: 1 }
      const b = { user: "b", n: 2 }
      const id = yield* enqueue(Rejected, a)
      const error = yield* Effect.flip(enqueue(Rejected, a))
      const whole = yield* Effect.flip(enqueueAll(Rejected, [{ payload: b }, { payload: a }]))
      const before = yield* payloadsOf("rejected")
      const each = yield* offerAll(Rejected, [
        { payload: b },
        { payload: a },
        { payload: a, uniqueKey: "mine" },
        { payload: a, uniqueKey: false }
      ])

      assert.deepInclude(error, { _tag: "DuplicateJob", id, name: "rejected" })
      assert.deepInclude(whole, { _tag: "DuplicateJob", id })
      assert.lengthOf(before, 1)
      assert.deepStrictEqual(
        each.map(({ outcome }) => outcome),
        ["added", "rejected", "added", "added"]
      )
    }))

  it.effect("in a transaction are there if and only if it commits", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const tried = { user: "tried", n: 1 }
      yield* Effect.flip(sql.withTransaction(
        Effect.andThen(enqueue(Kept, tried), Effect.fail("undone"))
      ))
      const { outcome } = yield* sql.withTransaction(offer(Kept, tried))

      assert.strictEqual(outcome, "added")
    }))

  it.effect("have the same key by SQL and by code, for random payloads", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      for (let n = 0; n < 200 * Fuzz.times; n++) {
        const json = JSON.stringify({ a: yield* value(3), b: yield* value(2) })
        if (!json.isWellFormed() || /\\u(?:0000|d[89a-f])/i.test(json)) continue
        for (const fields of [[], ["a"], ["b", "a", "c"]]) {
          const [row] = yield* sql<{ key: string }>`
            SELECT pgq.unique_key(${json}::text::jsonb, VARIADIC ${fields}::text[]) AS key
          `
          const wish = { key: fields, isScoped: false, mode: "keep" } as const
          const text = UniqueKey.of(wish, json, "q")
          if (Buffer.byteLength(text) > 256) assert.match(row!.key, /^sha256:[0-9a-f]{64}$/)
          else assert.strictEqual(row!.key, text)
        }
      }
    }).pipe(Random.withSeed(Fuzz.seed)))

  it.effect("that are debounced start each maxWait under constant fire", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const repo = yield* JobRepo
      const fire = repo.offer([wantedOf(queue, {
        mode: "debounce",
        wait: Duration.seconds(5),
        maxWait: Duration.minutes(1)
      })])
      const waits: Array<number> = []
      for (let n = 0; n < 7; n++) {
        yield* fire
        const [job] = yield* sql<{ wait: number }>`
          SELECT extract(epoch FROM run_at - clock_timestamp())::float AS wait FROM pgq.jobs
          WHERE queue = ${queue}
        `
        waits.push(Math.max(0, Math.ceil(job!.wait)))
        // Ten seconds pass.
        yield* sql`
          UPDATE pgq.jobs SET created_at = created_at - interval '10 seconds'
          WHERE queue = ${queue}
        `
      }

      assert.deepStrictEqual(waits, [5, 5, 5, 5, 5, 5, 0])
    }))

  it.effect("are free again after their hold, which maintenance then deletes", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const repo = yield* JobRepo
      const once = wantedOf(queue, { within: Duration.hours(1) })
      const trail = wantedOf(queue, { key: "t", mode: "trail", within: Duration.hours(1) })
      const outcomes: Array<string> = []
      for (let n = 0; n < 3; n++) {
        const answers = yield* repo.offer([once, trail])
        outcomes.push(...answers.map(({ outcome }) => outcome))
        yield* sql`DELETE FROM pgq.jobs WHERE queue = ${queue}`
        if (n === 0) continue
        // An hour passes.
        yield* sql`
          UPDATE pgq.holds SET until = until - interval '1 hour' WHERE name = ${queue}
        `
      }
      yield* sql`SELECT pgq.forget()`
      const left = yield* sql`
        SELECT unique_key AS key, until > now() AS is_open FROM pgq.holds WHERE name = ${queue}
      `

      assert.deepStrictEqual(outcomes, ["added", "added", "kept", "added", "added", "added"])
      assert.deepStrictEqual(left, [{ key: "t", is_open: true }])
    }))

  it.effect("are added by a bare insert, which does nothing while the key is taken", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const insert = sql`
        INSERT INTO pgq.jobs (name, payload, unique_key) VALUES ('bare', '{}', 'u-7')
        ON CONFLICT (name, unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id
      `
      const added = yield* sql.withTransaction(Effect.all([insert, insert]))

      assert.deepStrictEqual(added.map((rows) => rows.length), [1, 0])
    }))
})

/** A random JSON value. */
const value = (depth: number): Effect.Effect<Schema.Json> =>
  Effect.gen(function*() {
    switch (yield* Fuzz.below(depth > 0 ? 6 : 4)) {
      case 0:
        return yield* Fuzz.text
      case 1: {
        const scale = yield* Fuzz.below(60)
        return ((yield* Random.next) - 0.5) * 10 ** (scale - 30)
      }
      case 2:
        return yield* Fuzz.pick([null, true, false, 0, -1, 1e21, 5e-324, 1.7976931348623157e308])
      case 3:
        return yield* Random.nextInt
      case 4:
        return yield* Effect.all([value(depth - 1), value(depth - 1)])
      default:
        return {
          [yield* Fuzz.text]: yield* value(depth - 1),
          [yield* Fuzz.text]: yield* value(depth - 1)
        }
    }
  })
