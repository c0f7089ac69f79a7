/**
 * Jobs with payloads of a megabyte. A worker can hold fewer large jobs than small ones.
 *
 * Tests `src/layers/postgres/PgClaim.ts` and `src/layers/worker/JobRunner.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, it, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import { randomBytes } from "node:crypto"
import type { ClaimedJob } from "../../../src/domain/JobRecord.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import type { Settled } from "../../../src/services/JobRepo.ts"
import { claim, enqueue, eventually, queueName, workerOf } from "../../Given.ts"
import { finished, finishedAll, held, options, producer, start } from "../Live.ts"
import { counts, start as startInMemory } from "../Memory.ts"

const megabyte = 1_000_000
const text = randomBytes(megabyte / 2).toString("hex")

const Small = Job.make("small", { payload: Schema.Finite })
const Large = Job.make("large", {
  payload: Schema.Struct({ n: Schema.Finite, text: Schema.String })
})

/** Adds thirty large jobs. Half of them share three keys. */
const large = (queue: string) =>
  enqueueAll(
    Large,
    Array.from({ length: 30 }, (_, n) => ({
      payload: { n, text },
      queue,
      key: n % 2 === 0 ? undefined : `k${n % 3}`
    }))
  )

layer(producer, options)("jobs with a megabyte each", (it) => {
  it.effect("come with their payloads for as long as there is room", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(
        queue,
        ...Array.from({ length: 12 }, () => ({ payload: JSON.stringify(text) }))
      )
      const worker = yield* workerOf(queue)

      const jobs = yield* claim({ queue, worker, limit: 20 })

      assert.deepStrictEqual(jobs.map(({ id }) => id), ids)
      const fetched = jobs.filter(({ payload }) => payload !== undefined)
      assert.deepStrictEqual(fetched, jobs.slice(0, fetched.length))
      assert.strictEqual(fetched.length, 9)
    }))

  it.effect("run once each, those of a key in their order, however quick they are", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const order = new Map<string, Array<number>>()
      const handlers = Layer.merge(
        Small.toLayer(() => {}),
        Large.toLayer(({ n, text: given }, { key = "none" }) => {
          assert.strictEqual(given, text)
          order.set(key, [...order.get(key) ?? [], n])
        })
      )
      // These quick jobs run first, so that the worker claims many jobs at a time afterwards.
      const small = Array.from({ length: 200 }, () => ({ payload: 0, queue, priority: 1 }))
      yield* enqueueAll(Small, small)
      yield* large(queue)

      yield* start(handlers, { queues: [queue] })
      yield* finishedAll(queue, 230)

      const outcomes = (yield* finished(queue)).map(({ outcome }) => outcome)
      assert.deepStrictEqual(new Set(outcomes), new Set(["completed"]))
      const all = Array.from(order.values()).flat()
      assert.deepStrictEqual(all.toSorted((a, b) => a - b), Array.from({ length: 30 }, (_, n) => n))
      for (const [key, ns] of order) {
        if (key !== "none") assert.deepStrictEqual(ns, ns.toSorted((a, b) => a - b), key)
      }
      yield* eventually(Effect.map(held(queue), ({ leased }) => assert.strictEqual(leased, 0)))
    }))

  it.effect("do not run when their rows are gone before their payloads are fetched", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      const ran: Array<number> = []
      const handlers = Large.toLayer(({ n }) => void ran.push(n))
      // A trigger deletes the first job of the claim when the claim commits.
      for (const statement of deletesFirstOf(queue)) yield* sql.unsafe(statement).unprepared
      yield* enqueueAll(Large, [0, 1].map((n) => ({ payload: { n, text }, queue })))

      yield* start(handlers, { queues: [queue] })
      yield* finishedAll(queue, 1)

      assert.deepStrictEqual(ran, [1])
      yield* eventually(Effect.map(held(queue), ({ leased }) => assert.strictEqual(leased, 0)))
      yield* sql`DROP TRIGGER delete_first ON pgq.leases`
    }))

  it.effect("do not run with the payload of another job that got their id", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      for (const statement of deletesFirstOf(queue)) yield* sql.unsafe(statement).unprepared
      yield* sql.unsafe(`
        CREATE FUNCTION add_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO pgq.jobs (id, queue, name, payload) OVERRIDING SYSTEM VALUE
          VALUES (OLD.id, OLD.queue, 'another', OLD.payload || '{"n": 2}');
          RETURN NULL;
        END $$`).unprepared
      yield* sql`CREATE TRIGGER add_again AFTER DELETE ON pgq.jobs
                 FOR EACH ROW EXECUTE FUNCTION add_again()`
      yield* enqueueAll(Large, [0, 1].map((n) => ({ payload: { n, text }, queue })))

      const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })

      yield* sql`DROP TRIGGER delete_first ON pgq.leases`
      yield* sql`DROP TRIGGER add_again ON pgq.jobs`
      const payloads = jobs.map(({ payload }) => payload && JSON.parse(payload).n)
      assert.deepStrictEqual(payloads, [undefined, 1])
    }))
})

it.effect("a lane's run goes on as far as there are payloads, and the rest in another one", () =>
  Effect.gen(function*() {
    const ran: Array<number> = []
    const settled: Array<Settled> = []
    let isWithout = true
    const handlers = Small.toLayer((n) => {
      if (n > 0) ran.push(n)
    })
    yield* enqueueAll(Small, Array.from({ length: 50 }, () => ({ payload: 0 })))
    yield* startInMemory(handlers, {
      repo: (repo) => ({
        ...repo,
        claim: (options) =>
          Effect.map(repo.claim(options), (claimed) => ({
            ...claimed,
            jobs: claimed.jobs.map(without)
          })),
        settle: (some, options) => {
          settled.push(...some)
          return repo.settle(some, options)
        }
      })
    })
    // The first time, the third job of the lane comes without its payload, as if the claim's byte
    // budget were spent.
    const without = (job: ClaimedJob) => {
      if (job.id !== 53n || !isWithout) return job
      isWithout = false
      return { ...job, payload: undefined }
    }
    yield* TestClock.adjust(1)

    yield* enqueueAll(Small, [1, 2, 3, 4, 5].map((payload) => ({ payload, key: "k" })))
    yield* TestClock.adjust("10 seconds")

    assert.deepStrictEqual(ran, [1, 2, 3, 4, 5])
    const ofLane = settled.filter(({ id }) => id > 50n)
    assert.deepStrictEqual(
      ofLane.map(({ id, settlement }) => [id, settlement._tag]),
      [
        [51n, "Completed"],
        [52n, "Completed"],
        [53n, "Released"],
        [53n, "Completed"],
        [54n, "Completed"],
        [55n, "Completed"]
      ]
    )
    assert.strictEqual(new Set(ofLane.slice(0, 3).map(({ lease }) => lease)).size, 1)
    assert.strictEqual((yield* counts).completed, 55)
  }).pipe(Effect.provide(MemorySchema.layer)))

/** The trigger deletes the first job of a claim of several, after the claim has made its answer. */
const deletesFirstOf = (queue: string) => [
  `CREATE OR REPLACE FUNCTION public.delete_first() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM pgq.jobs WHERE id = (SELECT min(id) FROM unnest(NEW.job_ids) AS id);
    RETURN NULL;
  END $$`,
  `CREATE CONSTRAINT TRIGGER delete_first AFTER INSERT ON pgq.leases
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.queue = '${queue}' AND cardinality(NEW.job_ids) > 1)
    EXECUTE FUNCTION public.delete_first()`
]
