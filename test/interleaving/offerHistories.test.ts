/**
 * Random histories of unique jobs beside a model: offers in each mode, claims, ends of each kind,
 * cancels, redrives and rollbacks.
 *
 * Tests `sql/0016_unique.sql` against `src/domain/OfferSteps.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Random } from "effect"
import { decide } from "../../src/domain/OfferSteps.ts"
import type { Wish } from "../../src/domain/Unique.ts"
import * as PgQueue from "../support/PgQueue.ts"
import type * as Session from "../support/Session.ts"
import { retry } from "./ByOperators.ts"
import { cancel, retried, setup } from "./Cancelling.ts"
import { jobsOf, offer } from "./Offering.ts"

interface Job {
  readonly id: bigint
  readonly key: string
  payload: string
  holds: boolean
  lease: string | undefined
  state: "open" | "ended well" | "ended"
}

const modes: ReadonlyArray<Wish["mode"]> = ["keep", "keep-queued", "reject", "replace"]

const one = <A>(all: ReadonlyArray<A>) =>
  Effect.map(Random.nextIntBetween(0, Math.max(all.length, 1), { halfOpen: true }), (n) => all[n])

/** One history on a queue and a name of its own. */
const history = Effect.fnUntraced(function*(steps: number) {
  const { a: session, queue, worker } = yield* setup
  const jobs: Array<Job> = []
  /** Of each key, the payload that was accepted last. */
  const wishes = new Map<string, string>()
  const runs: Array<string> = []
  const holder = (key: string) => jobs.find((job) => job.holds && job.key === key)
  const leased = () => jobs.filter(({ lease }) => lease !== undefined)

  const end = (job: Job, state: Job["state"]) => {
    job.lease = undefined
    job.state = state
    if (state !== "open") job.holds = false
  }

  const offering = Effect.fnUntraced(function*(payload: string, isKept: boolean) {
    const mode = (yield* one(modes))!
    const key = (yield* one(["x", "y"]))!
    const held = holder(key)
    const decision = decide(
      mode,
      held && { id: held.id, isLeased: held.lease !== undefined },
      undefined
    )
    if (!isKept) yield* session.begin
    const answer = yield* offer(session, { name: queue, queue, key, mode, payload })
    if (!isKept) return yield* session.rollback
    switch (decision._tag) {
      case "Adds":
        assert.strictEqual(answer.outcome, "added")
        if (held !== undefined) held.holds = false
        jobs.push({ id: answer.id!, key, payload, holds: true, lease: undefined, state: "open" })
        break
      case "Replaces":
        assert.deepStrictEqual(answer, { id: held!.id, outcome: "replaced" })
        held!.payload = payload
        break
      case "Stands":
        assert.deepStrictEqual(answer, { id: decision.id, outcome: decision.outcome })
        return
    }
    wishes.set(key, payload)
  })

  const claiming = Effect.gen(function*() {
    const { ids, lease } = yield* session.claim({ queue, worker, limit: 1 })
    for (const job of jobs.filter(({ id }) => ids.includes(id))) {
      job.lease = lease
      runs.push(job.payload)
    }
  })

  const settling = Effect.gen(function*() {
    const job = yield* one(leased())
    if (job === undefined) return
    const { id, lease = "" } = job
    switch (yield* one(["completed", "failed", "retried", "released"])) {
      case "completed":
        yield* session.complete(lease, [id])
        return end(job, "ended well")
      case "failed":
        yield* session.settleOther({ lease, id: String(id), outcome: "failed", error: "no" })
        return end(job, "ended")
      case "retried":
        yield* session.settleOther(retried(lease, id))
        yield* session.sql`SELECT FROM pgq.promote(100)`
        return end(job, "open")
      default:
        yield* session.settleOther({ lease, id: String(id), outcome: "released" })
        return end(job, "open")
    }
  })

  const cancelling = Effect.gen(function*() {
    const job = yield* one(jobs.filter(({ lease, state }) => !lease && state === "open"))
    if (job === undefined) return
    yield* cancel(session, [job.id])
    end(job, "ended")
  })

  const redriving = Effect.gen(function*() {
    const job = yield* one(jobs.filter(({ state }) => state === "ended"))
    if (job === undefined) return
    const [row] = yield* session.sql<{ key: string | null }>`
      SELECT unique_key AS key FROM pgq.finished_jobs WHERE id = ${job.id}
      ORDER BY finished_at DESC LIMIT 1
    `
    const isTaken = row!.key !== null && holder(job.key) !== undefined
    assert.deepStrictEqual(yield* retry(session, [job.id]), [isTaken ? "conflict" : "redriven"])
    if (isTaken) return
    job.state = "open"
    job.holds = row!.key !== null
    if (job.holds) wishes.set(job.key, job.payload)
  })

  for (let step = 0; step < steps; step++) {
    const payload = String(step)
    const op = yield* Random.nextIntBetween(0, 9, { halfOpen: true })
    yield* op < 3
      ? offering(payload, true)
      : op === 3
      ? offering(payload, false)
      : [claiming, claiming, settling, cancelling, redriving][op - 4]!
    const open = jobs.filter(({ state }) => state === "open")
    assert.deepStrictEqual(
      (yield* jobsOf(session, queue)).map(({ id, key, payload }) => ({ id, key, payload })),
      open.map(({ holds, id, key, payload }) => ({ id, key: holds ? key : null, payload }))
        .toSorted((x, y) => Number(x.id - y.id))
    )
  }
  yield* runAll(session, queue, worker, runs)
  const unwanted = jobs.filter(({ state }) => state === "ended").map(({ payload }) => payload)
  for (const wish of wishes.values()) {
    assert.include([...runs, ...unwanted], wish, "the last accepted wish is run, or was ended")
  }
})

/** Runs what is left to its end. */
const runAll = Effect.fnUntraced(function*(
  session: Session.Session,
  queue: string,
  worker: string,
  runs: Array<string>
) {
  for (const { payload } of yield* jobsOf(session, queue)) runs.push(payload)
  yield* session.sql`DELETE FROM pgq.leases WHERE worker_id = ${worker}::uuid`
  yield* session.sql`DELETE FROM pgq.jobs WHERE queue = ${queue}`
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("unique jobs", (it) => {
  for (let seed = 1; seed <= 12; seed++) {
    it.effect(`follow their model in random history ${seed}`, () =>
      Random.withSeed(history(60), seed))
  }
})
