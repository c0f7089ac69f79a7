/**
 * Leases that are renewed, settled or rescued by several sessions at the same time.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("leases", (it) => {
  it.effect("last from when a renewal that waited for a claim goes on", () =>
    Effect.gen(function*() {
      const [a, watcher] = [yield* Session.open, yield* Session.open]
      const registry = yield* WorkerRegistry
      const worker = yield* a.worker(crypto.randomUUID())

      yield* a.begin
      yield* a.sql`UPDATE pgq.workers SET asleep = true WHERE id = ${worker}::uuid`
      const renewing = yield* Effect.forkChild(registry.renew(worker))
      yield* Session.someoneWaits
      const [waited] = yield* watcher.sql<
        { until: string }
      >`SELECT clock_timestamp()::text AS until`
      yield* a.commit
      const { isKnown } = yield* Fiber.join(renewing)

      const whole = yield* watcher.sql`
        SELECT FROM pgq.workers
        WHERE id = ${worker}::uuid AND lease_until >= ${waited!.until}::timestamptz + lease
      `
      assert.isTrue(isKnown)
      assert.lengthOf(whole, 1)
    }))

  it.effect(
    "end one lease from now, although the clock was ahead when they were renewed last",
    () =>
      Effect.gen(function*() {
        const { sql, worker: join } = yield* Session.open
        const registry = yield* WorkerRegistry
        const worker = yield* join(crypto.randomUUID())
        yield* sql`
        UPDATE pgq.workers SET lease_until = clock_timestamp() + interval '1 day'
        WHERE id = ${worker}::uuid
      `

        yield* registry.renew(worker)

        const ahead = yield* sql`
        SELECT FROM pgq.workers
        WHERE id = ${worker}::uuid AND lease_until > clock_timestamp() + lease
      `
        assert.lengthOf(ahead, 0)
      })
  )

  it.effect("are left to who is late at first sight, and to who has renewed since", () =>
    Effect.gen(function*() {
      const a = yield* Session.open
      const registry = yield* WorkerRegistry
      const queue = crypto.randomUUID()
      const worker = yield* a.worker(queue)
      yield* a.insert({ queue })
      yield* a.claim({ queue, worker })
      const late = a.sql`
        UPDATE pgq.workers SET lease = '1 second', lease_until = now() - interval '1 hour'
        WHERE id = ${worker}::uuid
      `
      const pass = a.sql`
        UPDATE pgq.workers SET late_since = late_since - interval '0.5 seconds'
        WHERE id = ${worker}::uuid
      `
      const rescue = Effect.map(
        a.sql<{ jobs: number }>`SELECT pgq.rescue() AS jobs FROM pgq.note_late()`,
        ([row]) => row!.jobs
      )

      yield* late
      const atFirstSight = yield* rescue
      yield* registry.renew(worker)
      yield* late
      yield* pass
      const onceRenewed = yield* rescue
      yield* pass
      const whenTimeHasPassed = yield* rescue

      assert.deepStrictEqual([atFirstSight, onceRenewed, whenTimeHasPassed], [0, 0, 1])
    }))

  it.effect("that are just being settled are left by a rescue", () =>
    Effect.gen(function*() {
      const [a, b, c] = [yield* Session.open, yield* Session.open, yield* Session.open]
      const queue = crypto.randomUUID()
      const worker = yield* a.worker(queue)
      const id = yield* a.insert({ queue, key: "k" })
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.sql`
        UPDATE pgq.workers SET lease = '0', lease_until = now() WHERE id = ${worker}::uuid
      `

      // The settlement has locked its lease, and waits for the lane's stripe.
      yield* c.begin
      yield* c.sql`SELECT pgq.lock_stripes(ARRAY[pgq.lane_stripe(${queue}, 'k')])`
      const settling = yield* Effect.forkChild(a.complete(lease, [id]))
      yield* Session.someoneWaits
      const early = yield* b.sql`SELECT pgq.rescue() AS jobs FROM pgq.note_late()`
      yield* c.commit
      const lost = yield* Fiber.join(settling)
      const late = yield* b.sql`SELECT pgq.rescue() AS jobs FROM pgq.note_late()`

      assert.deepStrictEqual(lost, [])
      assert.deepStrictEqual([early, late], [[{ jobs: 0 }], [{ jobs: 0 }]])
    }))
})
