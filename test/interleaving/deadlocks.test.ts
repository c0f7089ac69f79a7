/**
 * Claims, settlements, deaths and reconciliations of the same workers run at the same time. They
 * wait for one another, but never in a circle.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { SqlError } from "effect/sql"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const keys = ["a", "b", "c", "d"]
const rounds = 150

/**
 * The error of a statement, if there is one. The refusal of a worker that was reported dead does
 * not count.
 */
const trouble = <A>(statement: Effect.Effect<A, SqlError.SqlError>) =>
  Effect.matchEffect(statement, {
    onFailure: ({ reason }) => {
      const said = String(reason.cause)
      return Effect.succeed(/not registered/.test(said) ? [] : [said])
    },
    onSuccess: () => Effect.succeed([])
  })

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("deadlocks", (it) => {
  it.effect("do not come of a worker that is reported dead while it claims and settles", () =>
    Effect.gen(function*() {
      const [holder, claimer, settler, parent] = [
        yield* Session.open,
        yield* Session.open,
        yield* Session.open,
        yield* Session.open
      ]
      const queue = crypto.randomUUID()
      const worker = yield* holder.worker(queue)
      const first = yield* holder.insert({ queue, key: "k" })
      const { lease } = yield* holder.claim({ queue, worker })
      yield* holder.insert({ queue, key: "k" })

      // The claim gets the lane's stripe before the settlement. The settlement has locked the
      // lease, so `leave` skips the lease.
      yield* holder.begin
      yield* holder.sql`SELECT pgq.lock_stripes(ARRAY[pgq.lane_stripe(${queue}, 'k')])`
      const claiming = yield* Effect.forkChild(claimer.claim({ queue, worker }))
      yield* Session.waiters(1)
      const settling = yield* Effect.forkChild(settler.complete(lease, [first]))
      yield* Session.waiters(2)
      const reported = yield* parent.sql`SELECT * FROM pgq.leave(${worker}::uuid, true)`
      yield* holder.commit

      yield* Fiber.join(claiming)
      assert.deepStrictEqual(yield* Fiber.join(settling), [])
      assert.deepStrictEqual(reported, [{ handed_back: 0, is_done: false }])
    }))

  it.effect("do not come of chance", () =>
    Effect.gen(function*() {
      const queue = crypto.randomUUID()
      const boss = yield* Session.open
      const workers: Array<string> = []
      for (let n = 0; n < 3; n++) workers.push(yield* boss.worker(queue))
      const revive = boss.sql`
        INSERT INTO pgq.workers
          (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
        SELECT id, 'test', 'here', 1, ARRAY[${queue}], 'row-lock', 1, '1 hour', 'infinity'
        FROM unnest(${workers}::uuid[]) AS id ON CONFLICT DO NOTHING
      `
      const anyOf = (round: number) => workers[round % workers.length]!

      const produce = Effect.gen(function*() {
        const { sql } = yield* Session.open
        return (round: number) =>
          sql`
            INSERT INTO pgq.jobs (queue, name, serialization_key, priority)
            SELECT ${queue}, 'test', key, ${round % 3} FROM unnest(${keys}::text[]) AS key
          `
      })
      // The claims and settlements of a worker. Each worker runs in two sessions, because its last
      // claim may still be under way when it is reported dead.
      const work = (worker: string) =>
        Effect.gen(function*() {
          const session = yield* Session.open
          return () =>
            Effect.gen(function*() {
              const { ids, lease } = yield* session.claim({
                queue,
                worker,
                limit: 3,
                perLaneMax: 2
              })
              if (ids.length > 0) yield* session.complete(lease, ids)
            })
        })
      const reportDead = Effect.gen(function*() {
        const { sql } = yield* Session.open
        return (round: number) =>
          Effect.andThen(sql`SELECT pgq.leave(${anyOf(round)}::uuid, true)`, revive)
      })
      const reconcile = Effect.gen(function*() {
        const { sql } = yield* Session.open
        return (round: number) =>
          sql`SELECT released FROM pgq.reconcile(${anyOf(round)}::uuid, '{}')`
      })
      const crew = [
        produce,
        ...workers.map(work),
        ...workers.map(work),
        reportDead,
        reconcile
      ]
      const found = yield* Effect.forEach(crew, (make) =>
        Effect.gen(function*() {
          const step = yield* make
          const said: Array<string> = []
          for (let round = 0; round < rounds; round++) said.push(...yield* trouble(step(round)))
          return said
        }), { concurrency: "unbounded" })

      assert.deepStrictEqual(Array.from(new Set(found.flat())), [])
    }), 60_000)
})
