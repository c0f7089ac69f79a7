/**
 * The view `queue_health` says of queues what a look says, to readers too, and counts only the
 * queues that are asked for.
 *
 * Tests `sql/0023_figures.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Insight } from "../../../src/services/Insight.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import * as Given from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Roles from "../../support/Roles.ts"
import * as Session from "../../support/Session.ts"

interface Health {
  readonly queue: string
  readonly latency_s: number
  readonly ready: number
  readonly running: number
  readonly slots: number
  readonly blocked: number
}

const healthOf = (queue: string) =>
  PgClient.PgClient.use((sql) => sql<Health>`SELECT * FROM pgq.queue_health WHERE queue = ${queue}`)

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("queue_health", (it) => {
  it.effect("has the numbers of a look at the queue", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      const session = yield* Session.open
      const worker = yield* Given.workerOf(queue)
      const id = yield* session.insert({ queue, key: "k" })
      const first = yield* session.claim({ queue, worker })
      yield* session.settleOther({
        lease: first.lease,
        id: String(id),
        outcome: "blocked",
        error: "no"
      })
      yield* Given.enqueue(queue, {}, {}, {})
      yield* Given.claim({ queue, worker, limit: 1 })

      const [health] = yield* healthOf(queue)
      const look = yield* Insight.use((insight) => insight.queue(queue))

      const { latency_s, ...numbers } = health!
      assert.deepStrictEqual(numbers, { queue, ready: 2, running: 1, slots: 1, blocked: 1 })
      assert.isAtMost(latency_s, look.latency ?? 0)
      assert.deepStrictEqual(
        [look.ready?.value, look.running?.value, look.slots, look.blocked?.value],
        [2, 1, 1, 1]
      )
      yield* WorkerRegistry.use((registry) => registry.reportDead(worker))
      assert.deepInclude((yield* healthOf(queue))[0], { slots: 0 })
    }))

  it.effect("has a row for a queue of a worker without jobs, and none for another", () =>
    Effect.gen(function*() {
      const queue = yield* Given.queueName
      assert.deepStrictEqual(yield* healthOf(queue), [])
      yield* Given.workerOf(queue)
      const rows = yield* healthOf(queue)

      assert.deepStrictEqual(rows.map((row) => ({ ...row })), [
        { queue, latency_s: 0, ready: 0, running: 0, slots: 1, blocked: 0 }
      ])
    }))

  it.effect("counts the jobs of the queue that is asked for alone", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      yield* Given.enqueue("one", {})
      yield* Given.enqueue("two", {})
      const plan = yield* sql<{ "QUERY PLAN": string }>`
        EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT * FROM pgq.queue_health WHERE queue = 'one'
      `
      const text = plan.map((row) => row["QUERY PLAN"]).join("\n")

      assert.match(text, /Function Scan on health_of own \(actual rows=1(?:\.00)? loops=1\)/)
    }))

  it.effect("is open to readers", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const reader = yield* Session.openAt(url("reader"))
      const name = reader.sql(`${schema}.queue_health`)

      assert.deepStrictEqual(yield* reader.sql`SELECT * FROM ${name}`, [])
    }))
})
