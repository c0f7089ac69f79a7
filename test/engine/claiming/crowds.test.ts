/**
 * Crowds of markers, lanes, suspects and queues. No crowd keeps another job waiting.
 *
 * Tests `sql/0003_lanes.sql` and `sql/0004_claim.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import { enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { claim, queueName, workerOf } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { finished, finishedAll, options, producer, start } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Null })
const Named = Job.make("named", { payload: Schema.String })

const services = Layer.provideMerge(PgScheduler.layer({ schema: "pgq" }), producer)

/** Adds jobs of one lane, each by a statement of its own. Each statement leaves a marker. */
const crowd = Effect.fnUntraced(function*(queue: string, count: number) {
  const sql = yield* PgClient.PgClient
  yield* sql`SELECT set_config('test.queue', ${queue}, true), set_config('test.count', ${`${count}`}, true)`
    .pipe(
      Effect.andThen(
        sql`DO $$ BEGIN
        FOR n IN 1..current_setting('test.count')::integer LOOP
          INSERT INTO pgq.jobs (queue, name, serialization_key)
          VALUES (current_setting('test.queue'), 'crowd', 'hot');
        END LOOP;
      END $$`.unprepared
      ),
      sql.withTransaction
    )
})

const lanes = Effect.fnUntraced(function*(queue: string, count: number) {
  const sql = yield* PgClient.PgClient
  yield* sql`
    INSERT INTO pgq.jobs (queue, name, serialization_key)
    SELECT ${queue}, 'lane', 'lane ' || n FROM generate_series(1, ${count}::integer) AS n
  `
})

const markers = Effect.fnUntraced(function*(queue: string) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ n: number }>`
    SELECT count(*)::integer AS n FROM pgq.dirty_lanes WHERE queue = ${queue}`
  return row!.n
})

const add = Effect.fnUntraced(function*(queue: string, key: string, priority = 0) {
  const session = yield* Session.open
  return yield* session.insert({ queue, key, priority })
})

layer(services, options)("a crowd", (it) => {
  for (const priority of [0, 100]) {
    it.effect(
      `of one lane's markers lets another lane of priority ${priority} start first of all`,
      () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          yield* crowd(queue, 5000)
          // The head of the lane is leased, so the lane's markers make no job ready.
          const [hot] = yield* claim({ queue, worker, limit: 1 })
          yield* crowd(queue, 20_000)
          const id = yield* add(queue, "other", priority)

          const next = yield* claim({ queue, worker, limit: 1 })

          assert.strictEqual(hot?.key, "hot")
          assert.deepStrictEqual(next.map((job) => job.id), [id])
        })
    )
  }

  it.effect("of one lane's markers is gone after a few claims", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* crowd(queue, 30_000)

      for (const _ of [1, 2, 3, 4]) yield* claim({ queue, worker })

      assert.strictEqual(yield* markers(queue), 0)
    }))

  it.effect("of lanes lets the most urgent one start first of all", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* lanes(queue, 20_000)
      yield* add(queue, "less urgent", 999)
      const id = yield* add(queue, "urgent", 1000)

      const first = yield* claim({ queue, worker, limit: 1 })

      assert.deepStrictEqual(first.map((job) => job.id), [id])
    }))

  it.effect("of lanes that cannot start is passed by without a pause", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const repo = yield* JobRepo
      const worker = yield* workerOf(queue)
      const sql = yield* PgClient.PgClient
      const session = yield* Session.open
      yield* lanes(queue, 1000)
      // Each head becomes a job in retry, so its lane waits for it.
      yield* sql`SELECT FROM pgq.admit(ARRAY[${queue}], 1000)`
      yield* session.asStep(`UPDATE pgq.jobs SET state = 'retry', run_at = now() + interval '1 hour'
                             WHERE queue = '${queue}' AND state = 'ready'`)
      yield* lanes(queue, 1000)
      const id = yield* add(queue, "a lane behind them")

      const ask = repo.claim({ queues: [queue], worker, limit: 1, slots: 1, perLaneMax: 0 })
      let claims = 0
      let found = yield* ask
      while (found.isBehind) {
        claims++
        found = yield* ask
      }

      assert.deepStrictEqual(found.jobs.map((job) => job.id), [id])
      assert.isAtMost(claims, 12)
    }))

  it.effect("of lanes that somebody holds does not keep a worker busy", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const repo = yield* JobRepo
      const worker = yield* workerOf(queue)
      yield* lanes(queue, 1000)
      const holder = yield* Session.open
      yield* holder.begin
      yield* holder.sql`SELECT FROM pgq.jobs WHERE queue = ${queue} FOR UPDATE`
      const ask = repo.claim({ queues: [queue], worker, limit: 1, slots: 1, perLaneMax: 0 })
      let claims = 0
      while (claims < 50 && (yield* ask).isBehind) claims++

      const behindThem = yield* add(queue, "free")
      const free = yield* ask
      yield* holder.rollback
      const freed = yield* ask

      assert.isAtMost(claims, 6)
      assert.deepStrictEqual(free.jobs.map(({ id }) => id), [behindThem])
      assert.lengthOf(freed.jobs, 1)
    }))

  it.effect("of lanes that somebody holds keeps its markers as they are", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const sql = yield* PgClient.PgClient
      const ids = sql<
        { id: bigint }
      >`SELECT id FROM pgq.dirty_lanes WHERE queue = ${queue} ORDER BY id`
      yield* lanes(queue, 100)
      const holder = yield* Session.open
      yield* holder.begin
      yield* holder.sql`SELECT FROM pgq.jobs WHERE queue = ${queue} FOR UPDATE`
      yield* claim({ queue, worker })

      const before = yield* ids
      for (let n = 0; n < 20; n++) yield* claim({ queue, worker })

      assert.lengthOf(before, 100)
      assert.deepStrictEqual(yield* ids, before)
      yield* holder.rollback
    }))

  it.effect("behind a lane whose jobs cannot be changed runs all the same", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const ran: Array<string> = []
      const handlers = Named.toLayer((name) => Effect.sync(() => void ran.push(name)))
      yield* sql`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'not this one';
      END $$`.unprepared
      yield* sql`CREATE TRIGGER refuse BEFORE UPDATE ON pgq.jobs FOR EACH ROW
                 WHEN (NEW.serialization_key = 'bad') EXECUTE FUNCTION refuse()`.unprepared
      yield* enqueueAll(Named, [
        { payload: "bad", queue, key: "bad", priority: 1 },
        { payload: "good", queue, key: "good" },
        { payload: "free", queue }
      ])

      yield* start(handlers, { queues: [queue] })
      yield* finishedAll(queue, 2)

      yield* sql`DROP TRIGGER refuse ON pgq.jobs`
      assert.sameMembers(ran, ["good", "free"])
    }))

  it.effect("of suspects runs in every slot, and healthy jobs beside them", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const scheduler = yield* Scheduler
      const dead = yield* workerOf(queue)
      const handlers = Task.toLayer(() => Effect.void)
      yield* enqueueAll(Task, Array.from({ length: 2000 }, () => ({ payload: null, queue })))
      yield* claim({ queue, worker: dead, limit: 2000 })
      yield* sql`DELETE FROM pgq.workers WHERE id = ${dead}::uuid`
      yield* scheduler.rescue
      yield* enqueueAll(Task, Array.from({ length: 100 }, () => ({ payload: null, queue })))

      yield* start(handlers, { queues: [queue], workers: 24 })
      yield* finishedAll(queue, 2100)

      const leases = new Set((yield* finished(queue)).map(({ lease_id }) => lease_id))
      assert.isAtLeast(leases.size, 2000)
    }))

  it.effect("of idle queues costs one claim a round", () =>
    Effect.gen(function*() {
      const queues = Array.from({ length: 2000 }, (_, n) => `idle ${n}`)
      const repo = yield* JobRepo
      const worker = yield* workerOf("idle 1999")
      const id = yield* add("idle 1999", "k")

      const { jobs } = yield* repo.claim({ queues, worker, limit: 1, slots: 1, perLaneMax: 0 })

      assert.deepStrictEqual(jobs.map((job) => job.id), [id])
    }))

  for (const at of [[0, 1], [0, 19], [7, 12]]) {
    it.effect(`of queues is served by turns, those at ${at.join(" and ")}, whatever is empty`, () =>
      Effect.gen(function*() {
        const prefix = yield* queueName
        const queues = Array.from({ length: 20 }, (_, n) => `${prefix} ${n}`)
        const [one, two] = [queues[at[0]!]!, queues[at[1]!]!]
        const order: Array<string> = []
        const handlers = Named.toLayer((name) => Effect.sync(() => void order.push(name)))
        for (const queue of [one, two]) {
          yield* enqueueAll(
            Named,
            Array.from({ length: 40 }, () => ({ payload: queue, queue }))
          )
        }

        yield* start(handlers, { queues, workers: 1 })
        yield* Effect.all([finishedAll(one, 40), finishedAll(two, 40)])

        const early = order.slice(0, 40).filter((queue) => queue === one).length
        assert.isAtLeast(early, 15)
        assert.isAtMost(early, 25)
      }))
  }
})
