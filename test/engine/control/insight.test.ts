/**
 * Looks at a schema in PostgreSQL are bounded, and leave nothing behind.
 *
 * Tests `src/layers/postgres/BoundedReads.ts` and `src/layers/postgres/PgInsight.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as Verdict from "../../../src/domain/Verdict.ts"
import * as PgInsight from "../../../src/layers/postgres/PgInsight.ts"
import { Insight } from "../../../src/services/Insight.ts"
import * as Given from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Roles from "../../support/Roles.ts"
import * as Session from "../../support/Session.ts"

const settings = (sql: PgClient.PgClient) =>
  sql<{ name: string; setting: string }>`
    SELECT name, setting FROM pg_settings
    WHERE name ~ '^enable_|_timeout$|^(jit|plan_cache_mode|transaction_read_only)$' ORDER BY name
  `

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a look", (it) => {
  it.effect("counts no further than it is told, and says so", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key, run_at)
        SELECT ${queue}, 'test', CASE WHEN n % 3 = 0 THEN 'k' END,
               CASE WHEN n % 3 = 1 THEN now() + interval '1 hour' END
        FROM generate_series(1, 30) AS n
      `
      const insight = yield* Insight
      const view = (countsUpTo: number) => insight.queue(queue, { countsUpTo })

      const few = yield* view(8)
      const enough = yield* view(10)

      const atLeast = { value: 8, precision: "atLeast" }
      assert.deepStrictEqual(few.ready, atLeast)
      assert.deepStrictEqual([few.waiting, few.later], [atLeast, atLeast])
      assert.deepStrictEqual(enough.later, { value: 10, precision: "exact" })
      const all = (enough.ready?.value ?? 0) + (enough.waiting?.value ?? 0)
      assert.strictEqual(all, 20)
    }))

  it.effect("takes part in the caller's transaction, and leaves its settings alone", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      const sql = yield* PgClient.PgClient
      const insight = yield* Insight

      const seen = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`SET LOCAL statement_timeout = '17s'`
        const before = yield* settings(sql)
        yield* Given.enqueue(queue, {})
        const seen = yield* insight.queue(queue)
        yield* insight.overview()
        assert.deepStrictEqual(yield* settings(sql), before)
        yield* Given.enqueue(queue, {})
        return seen
      }))

      assert.deepStrictEqual(seen.ready, { value: 1, precision: "exact" })
      assert.strictEqual((yield* insight.queue(queue)).ready?.value, 2)
    }))

  it.effect("tells what it can see while a lock keeps it from the jobs", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      const locker = yield* Session.open
      const insight = yield* Insight
      yield* Given.workerOf(queue)
      yield* locker.begin
      yield* locker.sql.unsafe("LOCK TABLE pgq.jobs").unprepared

      const overview = yield* insight.overview()
      yield* locker.rollback

      const view = overview.queues.find((one) => one.queue === queue)
      assert.deepInclude(view, { latency: null, ready: null, later: null, blocked: null, slots: 1 })
      assert.includeMembers([...overview.unread], ["counts", "latency", "later", "lanes"])
      const { sentence, state } = Verdict.of(overview)
      assert.strictEqual(state, "unknown", sentence)
      assert.include(sentence, "no answer in time, or no right to ask: ")
      assert.deepStrictEqual((yield* insight.overview()).unread, [])
    }))

  it.effect("needs the rights of a reader, and tells which parts others may not see", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const as = (role: "reader" | "operator" | "producer") =>
        Effect.provide(
          PgInsight.layer({ schema }).pipe(
            Layer.provide(PgClient.layer({ url: Redacted.make(url(role)) }))
          )
        )
      const overviewOf = (role: "reader" | "operator" | "producer") =>
        Insight.use((insight) => insight.overview()).pipe(as(role))

      assert.deepStrictEqual((yield* overviewOf("reader")).unread, [])
      assert.deepStrictEqual((yield* overviewOf("operator")).unread, [])
      assert.includeMembers([...(yield* overviewOf("producer")).unread], ["queues", "counts"])
      const lanes = Insight.use((insight) =>
        Effect.all([insight.lane({ queue: "mail", key: "k" }), insight.longestLanes])
      )
      const [lane, longest] = yield* lanes.pipe(as("reader"))
      assert.deepStrictEqual([lane.head, longest.items], [null, []])
      assert.strictEqual((yield* Effect.flip(lanes.pipe(as("producer"))))._tag, "StoreError")
    }))
})
