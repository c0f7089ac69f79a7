/**
 * Sweeps of expired jobs that other steps claim, settle, promote, end or change at the same time.
 *
 * Tests `sql/0015_expiry.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as InSchema from "../mutants/InSchema.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import { discard, edit, lives, retry } from "./ByOperators.ts"
import { cancel, endedAs, outcomes, retried, setup } from "./Cancelling.ts"

/** Adds a job whose time is over. */
const late = Effect.fnUntraced(function*(
  session: Session.Session,
  options: { readonly queue: string; readonly key?: string }
) {
  const id = yield* session.insert(options)
  yield* session.sql`UPDATE pgq.jobs SET expires_at = '2001-01-01' WHERE id = ${id}`
  return id
})

/** Ends what has expired, and answers how many jobs that were. */
const expire = ({ sql }: Session.Session) =>
  Effect.map(
    sql<{ expired: number }>`SELECT expired FROM pgq.expire(100)`,
    ([row]) => row!.expired
  )

/** Lets the next sweep look again at all jobs, as it would after some seconds. */
const passTime = ({ sql }: Session.Session) =>
  sql`UPDATE pgq.expiries SET at = at - interval '1 hour' WHERE at > clock_timestamp()`

const left = ({ sql }: Session.Session, id: bigint) =>
  sql<{ seconds: number }>`
    SELECT round(extract(epoch FROM at - clock_timestamp()))::float8 AS seconds
    FROM pgq.expiries WHERE job_id = ${id}
  `

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("beside", (it) => {
  for (const key of [undefined, "k"]) {
    const keyed = key === undefined ? "without" : "with"
    it.effect(`a claim, a sweep leaves the job ${keyed} a key to the worker`, () =>
      Effect.gen(function*() {
        const { a, b, worker, ...given } = yield* setup
        const queue = { queue: given.queue, ...(key === undefined ? {} : { key }) }
        const id = yield* late(a, queue)

        yield* a.begin
        const { lease } = yield* a.claim({ ...queue, worker })
        const during = [yield* expire(b), (yield* left(b, id))[0]?.seconds]
        yield* a.commit
        yield* passTime(b)
        const after = [yield* expire(b), (yield* left(b, id))[0]?.seconds]

        assert.deepStrictEqual([during, after], [[0, 1], [0, 5]])
        assert.deepStrictEqual(yield* a.complete(lease, [id]), [])
        yield* passTime(b)
        assert.strictEqual(yield* expire(b), 0)
        assert.deepStrictEqual(yield* left(b, id), [])
      }))
  }

  it.effect("a sweep, a claim leaves the job, and takes the next of the lane", () =>
    Effect.gen(function*() {
      const { a, b, key, queue, worker } = yield* setup
      const head = yield* late(a, { queue, key })
      const plain = yield* late(a, { queue })
      const next = yield* a.insert({ queue, key })
      yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 100)`

      yield* a.begin
      const expired = yield* expire(a)
      const during = yield* b.claim({ queue, worker })
      yield* a.commit
      const after = yield* b.claim({ queue, worker })

      assert.strictEqual(expired, 2)
      assert.deepStrictEqual([during.ids, after.ids], [[], [next]])
      assert.deepStrictEqual(
        [yield* endedAs(a, head), yield* endedAs(a, plain)],
        ["expired", "expired"]
      )
    }))

  it.effect("another sweep, each ends other jobs", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const ids = [yield* late(a, { queue }), yield* late(a, { queue })]

      yield* a.begin
      const [first] = yield* a.sql`SELECT expired FROM pgq.expire(1)`
      const second = yield* expire(b)
      yield* a.commit

      assert.deepStrictEqual([first, second], [{ expired: 1 }, 1])
      for (const id of ids) {
        assert.deepStrictEqual(yield* lives(a, id), [{ outcome: "expired", is_redriven: false }])
      }
    }))

  it.effect("a settlement that puts the job back, a sweep ends the job as it is back", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* late(a, { queue })
      const { lease } = yield* a.claim({ queue, worker })
      const leased = yield* expire(b)

      yield* a.begin
      yield* a.settleOther(retried(lease, id))
      const during = yield* expire(b)
      yield* a.commit
      const after = yield* expire(b)

      assert.deepStrictEqual([leased, during, after], [0, 0, 1])
    }))

  it.effect("a promotion, the job ends once, and never becomes ready", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* late(a, { queue })
      const { lease } = yield* a.claim({ queue, worker })
      yield* a.settleOther(retried(lease, id))

      yield* a.begin
      yield* a.sql`SELECT FROM pgq.promote(100)`
      const swept = yield* expire(b)
      yield* a.commit

      assert.strictEqual(swept, 0)
      assert.deepStrictEqual(yield* lives(a, id), [{ outcome: "expired", is_redriven: false }])
      assert.deepStrictEqual((yield* b.claim({ queue, worker })).ids, [])
    }))

  const steps = [
    ["a cancel", (s: Session.Session, id: bigint) => Effect.map(cancel(s, [id]), outcomes)],
    ["a discard", (s: Session.Session, id: bigint) => discard(s, [id])]
  ] as const
  for (const [name, step] of steps) {
    const outcome = name === "a cancel" ? "cancelled" : "discarded"
    it.effect(`${name}, the job ends once`, () =>
      Effect.gen(function*() {
        const { a, b, queue } = yield* setup
        const [one, other] = [yield* late(a, { queue }), yield* a.insert({ queue })]

        yield* a.begin
        yield* step(a, one)
        const swept = yield* expire(b)
        yield* a.commit
        yield* a.sql`UPDATE pgq.jobs SET expires_at = '2001-01-01' WHERE id = ${other}`
        yield* a.begin
        yield* expire(a)
        const stepping = yield* Effect.forkChild(step(b, other))
        yield* Session.someoneWaits
        yield* a.commit

        assert.strictEqual(swept, 0)
        assert.deepStrictEqual(yield* Fiber.join(stepping), ["expired"])
        assert.deepStrictEqual(yield* lives(a, one), [{ outcome, is_redriven: false }])
        assert.deepStrictEqual(yield* lives(a, other), [{ outcome: "expired", is_redriven: false }])
      }))
  }

  it.effect("a retry, a job that is queued again does not expire again", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* late(a, { queue })

      yield* a.begin
      yield* expire(a)
      const retrying = yield* Effect.forkChild(retry(b, [id]))
      yield* Session.someoneWaits
      yield* a.commit
      const answers = yield* Fiber.join(retrying)
      yield* a.sql`INSERT INTO pgq.expiries VALUES ('2001-01-01', ${id})`
      const swept = yield* expire(a)

      assert.deepStrictEqual([answers, swept], [["redriven"], 0])
      assert.deepStrictEqual((yield* b.claim({ queue, worker })).ids, [id])
      assert.deepStrictEqual(yield* left(a, id), [])
    }))

  it.effect("an edit, the job lives as long as the edit says", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const id = yield* late(a, { queue })
      const other = yield* late(a, { queue })

      yield* a.begin
      const edited = yield* edit(a, id, { expiresAt: "2099-01-01" })
      const during = yield* expire(b)
      yield* a.commit
      yield* a.sql`UPDATE pgq.expiries SET at = '2002-01-01' WHERE at < '2098-01-01'`
      const after = yield* expire(b)
      const rows = yield* left(a, id)
      yield* edit(a, id, { expiresAt: "2001-01-01" })
      const last = yield* expire(b)

      assert.strictEqual(edited, "edited")
      assert.deepStrictEqual([during, after, rows.length, last], [1, 0, 1, 1])
      assert.strictEqual(yield* endedAs(a, other), "expired")
    }))

  it.effect("a person who holds the job, a sweep ends the others, and this one later", () =>
    Effect.gen(function*() {
      const { a, b, queue } = yield* setup
      const [held] = [yield* late(a, { queue }), yield* late(a, { queue })]

      yield* a.begin
      yield* a.sql`SELECT FROM pgq.jobs WHERE id = ${held} FOR UPDATE`
      const during = yield* expire(b)
      yield* a.rollback
      yield* passTime(b)

      assert.deepStrictEqual([during, yield* expire(b)], [1, 1])
    }))
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("a sweep", (it) => {
  it.effect("that a claim overtakes before it locks the job leaves it to the worker", () =>
    Effect.gen(function*() {
      const { a, b, queue, worker } = yield* setup
      const id = yield* late(a, { queue })
      const from = "locked := ARRAY("
      const to = `PERFORM pg_advisory_xact_lock_shared(4711); ${from}`
      yield* InSchema.apply([{ functions: ["expire"], from, to }])

      yield* a.sql`SELECT pg_advisory_lock(4711)`
      const sweeping = yield* Effect.forkChild(expire(b))
      yield* Session.someoneWaits
      const { ids, lease } = yield* a.claim({ queue, worker })
      yield* a.sql`SELECT pg_advisory_unlock(4711)`

      assert.deepStrictEqual([yield* Fiber.join(sweeping), ids], [0, [id]])
      assert.deepStrictEqual(yield* a.complete(lease, [id]), [])
    }))
})
