/**
 * The order in which steps take their locks, as the head of sql/0003_lanes.sql lists it. Each test
 * makes a step wait for one lock, and looks which other locks are taken by then.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { SqlError } from "effect/sql"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

type Kind = "queue" | "marker" | "stripe" | "job" | "lease" | "worker"

/** A queue with a leased job, a ready job without a key, and a lane with a marker. */
const make = Effect.gen(function*() {
  const [boss, stepper, looker] = [yield* Session.open, yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  const worker = yield* boss.worker(queue)
  const other = yield* boss.worker(queue)
  const leased = yield* boss.insert({ queue, key: "leased" })
  const { lease } = yield* boss.claim({ queue, worker })
  const ready = yield* boss.insert({ queue })
  yield* boss.insert({ queue, key: "new" })

  const locks: Record<Kind, string> = {
    queue: `SELECT pg_advisory_xact_lock(hashtext('pgq:claims'), hashtext('${queue}'))`,
    marker: `SELECT FROM pgq.dirty_lanes WHERE queue = '${queue}' FOR UPDATE`,
    stripe: `SELECT pgq.lock_stripes(ARRAY[
      pgq.lane_stripe('${queue}', 'leased'), pgq.lane_stripe('${queue}', 'new')])`,
    job: `SELECT FROM pgq.jobs WHERE id IN (${leased}, ${ready}) FOR UPDATE`,
    lease: `SELECT FROM pgq.leases WHERE id = '${lease}' FOR UPDATE`,
    worker: `SELECT FROM pgq.workers WHERE id IN ('${worker}', '${other}') FOR UPDATE`
  }

  /** The locks that another session can take at once. The session releases each lock again. */
  const free = Effect.fnUntraced(function*(kinds: ReadonlyArray<Kind>) {
    const found: Array<Kind> = []
    for (const kind of kinds) {
      yield* looker.begin
      yield* looker.sql`SET LOCAL lock_timeout = '1ms'`
      const exit = yield* Effect.exit(looker.sql.unsafe(locks[kind]).unprepared)
      yield* looker.rollback
      if (exit._tag === "Success") found.push(kind)
    }
    return found
  })

  /** The locks that are free while a step waits for the lock `waitsFor`. */
  const freeWhileWaiting = Effect.fnUntraced(function*(
    step: Effect.Effect<unknown, SqlError.SqlError>,
    { kinds, waitsFor }: { readonly waitsFor: Kind; readonly kinds: ReadonlyArray<Kind> }
  ) {
    yield* boss.begin
    yield* boss.sql.unsafe(locks[waitsFor]).unprepared
    const stepping = yield* Effect.forkChild(Effect.exit(step))
    yield* Session.waiters(1)
    const found = yield* free(kinds)
    yield* boss.commit
    yield* Fiber.join(stepping)
    return found
  })

  const { sql } = stepper
  return {
    freeWhileWaiting,
    claim: stepper.claim({ queue, worker: other }),
    exclusiveClaim: stepper.claim({ queue, worker: other, isExclusive: true }),
    settle: stepper.complete(lease, [leased]),
    leave: (isDead: boolean) => sql`SELECT * FROM pgq.leave(${worker}::uuid, ${isDead})`
  }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(
  "the order of locks",
  (it) => {
    it.effect("of a claim begins with its queue", () =>
      Effect.gen(function*() {
        const { exclusiveClaim, freeWhileWaiting } = yield* make

        const free = yield* freeWhileWaiting(exclusiveClaim, {
          waitsFor: "queue",
          kinds: ["marker", "stripe", "job", "worker"]
        })

        assert.deepStrictEqual(free, ["marker", "stripe", "job", "worker"])
      }))

    it.effect("of a claim goes on with markers, then stripes, then jobs", () =>
      Effect.gen(function*() {
        const { claim, freeWhileWaiting } = yield* make

        const free = yield* freeWhileWaiting(claim, {
          waitsFor: "stripe",
          kinds: ["queue", "marker", "job", "worker"]
        })

        assert.deepStrictEqual(free, ["job", "worker"])
      }))

    it.effect("of a settlement begins with the lease, then the stripes, then the jobs", () =>
      Effect.gen(function*() {
        const { freeWhileWaiting, settle } = yield* make

        const free = yield* freeWhileWaiting(settle, {
          waitsFor: "stripe",
          kinds: ["lease", "job", "worker"]
        })

        assert.deepStrictEqual(free, ["job", "worker"])
      }))

    it.effect("of a dead worker's end begins with its row", () =>
      Effect.gen(function*() {
        const { freeWhileWaiting, leave } = yield* make

        const free = yield* freeWhileWaiting(leave(true), {
          waitsFor: "worker",
          kinds: ["lease", "job"]
        })

        assert.deepStrictEqual(free, ["lease", "job"])
      }))

    it.effect("of a live worker's end has its row last", () =>
      Effect.gen(function*() {
        const { freeWhileWaiting, leave } = yield* make

        const free = yield* freeWhileWaiting(leave(false), {
          waitsFor: "worker",
          kinds: ["lease", "job"]
        })

        assert.deepStrictEqual(free, ["job"])
      }))
  }
)
