/**
 * A worker's log lines about jobs and the database have the fields that an operator looks for.
 *
 * Tests `src/layers/worker/RunRecorder.ts` and `src/layers/worker/FailureLog.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit, Schema, Scope } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import type * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, queueName } from "../../Given.ts"
import * as LogLines from "../../support/LogLines.ts"
import * as Session from "../../support/Session.ts"
import { options, producer, start } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Finite, maxAttempts: 1 })

const refusesToRecord = [
  `CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE 'not this one';
  END $$`,
  `CREATE TRIGGER refuse BEFORE INSERT ON pgq.finished_jobs
    FOR EACH ROW WHEN (NEW.name = 'refused') EXECUTE FUNCTION public.refuse()`
]

/** Starts a worker whose jobs run until the test ends them, and collects its log lines. */
const setup = Effect.fnUntraced(function*(more: Partial<QueueLive.Options> = {}) {
  const queue = yield* queueName
  const workerId = crypto.randomUUID()
  const lines: Array<LogLines.LogLine> = []
  const mayEnd = yield* Deferred.make<void>()
  const scope = yield* Effect.acquireRelease(Scope.make(), Scope.close)
  const running = yield* Deferred.make<void>()
  const handlers = Task.toLayer((n) => {
    Deferred.doneUnsafe(running, Effect.void)
    return n < 0 ? Effect.fail("no") : Deferred.await(mayEnd)
  })
  yield* start(handlers, {
    queues: [queue],
    workerId,
    grace: "200 millis",
    workers: 2,
    lines,
    scope,
    ...more
  })
  const [person, isRunning] = [yield* Session.open, Deferred.await(running)]
  const end = Deferred.succeed(mayEnd, undefined)
  const line = (pattern: RegExp) => LogLines.first(lines, pattern)
  return { end, isRunning, line, lines, person, queue, scope, worker: workerId }
})

const quick = { lease: "600 millis" } as const

layer(producer, options)("a line about", (it) => {
  it.effect("a job that failed names the job, its queue and the worker", () =>
    Effect.gen(function*() {
      const { line, queue, worker } = yield* setup()
      const job = yield* enqueue(Task, -1, { queue, key: "k" })

      const { fields } = yield* line(/^Warn job \d+ \(task\): .*; failed for good$/)

      assert.deepStrictEqual(fields, {
        event: "job.failed",
        worker,
        queue,
        job,
        name: "task",
        attempt: 1,
        key: "k"
      })
    }))

  it.effect("a job whose row somebody holds names both", () =>
    Effect.gen(function*() {
      const { end, isRunning, line, person, queue, worker } = yield* setup()
      const job = yield* enqueue(Task, 1, { queue, key: "k" })
      yield* isRunning
      yield* person.begin
      yield* person.sql`SELECT FROM pgq.jobs WHERE id = ${job} FOR UPDATE`
      yield* end

      const { fields } = yield* line(/could not record how job \d+ \(task\) ended: another/)
      yield* person.commit

      assert.deepStrictEqual(fields, {
        event: "settle.row-locked",
        worker,
        queue,
        job,
        name: "task",
        attempt: 1,
        key: "k"
      })
    }))

  it.effect("jobs that end too late to be recorded names their queue, and the first of them", () =>
    Effect.gen(function*() {
      const { end, isRunning, line, person, queue, scope, worker } = yield* setup({ workers: 7 })
      const payloads = [1, 2, 3, 4, 5, 6, 7].map((payload) => ({ payload, queue }))
      const ids = yield* enqueueAll(Task, payloads)
      yield* isRunning
      yield* person.begin
      yield* person.sql`SELECT FROM pgq.jobs WHERE queue = ${queue} FOR UPDATE`
      yield* end
      yield* Scope.close(scope, Exit.void)
      yield* person.commit

      const { fields } = yield* line(/could not record in time how 7 jobs ended/)

      const jobs = fields["jobs"]
      assert.deepStrictEqual({ ...fields, jobs: [] }, {
        event: "settle.too-late",
        worker,
        queues: [queue],
        count: 7,
        jobs: []
      })
      assert(Array.isArray(jobs))
      assert.lengthOf(jobs, 5)
      assert.includeMembers([...ids], jobs)
    }))

  it.effect("a job whose end the database refuses says what becomes of it", () =>
    Effect.gen(function*() {
      const Refused = Job.make("refused", { payload: Schema.Finite })
      const session = yield* Session.open
      for (const statement of refusesToRecord) yield* session.sql.unsafe(statement).unprepared
      const queue = yield* queueName
      const worker = crypto.randomUUID()
      const lines: Array<LogLines.LogLine> = []
      yield* start(Refused.toLayer(() => {}), { queues: [queue], workerId: worker, lines })
      const job = yield* enqueue(Refused, 1, { queue })

      const { fields } = yield* LogLines.first(lines, /not this one.*; it runs again$/)

      const operation = "settle"
      const event = "settle.failed"
      const expected = { event, worker, queue, job, name: "refused", attempt: 1, operation }
      assert.deepStrictEqual(fields, expected)
    }))

  it.effect("jobs that a worker that is taken for dead breaks off names them", () =>
    Effect.gen(function*() {
      const { isRunning, line, person, queue, worker } = yield* setup(quick)
      const job = yield* enqueue(Task, 1, { queue })
      yield* isRunning
      yield* person.sql`SELECT pgq.leave(${worker}::uuid, true)`

      const { fields } = yield* line(
        /reported dead, and registers again; interrupted job \d+ \(task\)/
      )

      const event = "worker.reported-dead"
      const expected = { event, worker, queues: [queue], queue, job, name: "task", attempt: 1 }
      assert.deepStrictEqual(fields, expected)
    }))

  it.effect("jobs whose lease is gone, and of jobs that are handed back, names their queue", () =>
    Effect.gen(function*() {
      const { isRunning, line, queue, worker } = yield* setup({ ...quick, workers: 1 })
      const job = yield* enqueue(Task, 1, { queue })
      yield* isRunning
      // The worker never claims from this queue by itself.
      const other = yield* queueName
      yield* enqueue(Task, 2, { queue: other })
      yield* claim({ queue: other, worker })

      const back = yield* line(/gave back 1 job of a claim whose answer was lost/)
      yield* WorkerRegistry.use((registry) => registry.reconcile(worker, []))
      const gone = yield* line(/interrupted job \d+ \(task\): no longer leased to this worker/)

      assert.deepStrictEqual(back.fields, {
        event: "lease.reconciled",
        worker,
        queues: [queue],
        count: 1
      })
      assert.deepStrictEqual(gone.fields, {
        event: "lease.lost",
        worker,
        queue,
        job,
        name: "task",
        attempt: 1
      })
    }))

  it.effect("a renewal that fails names what it was, and what is broken off for it", () =>
    Effect.gen(function*() {
      const { isRunning, line, person, queue, worker } = yield* setup(quick)
      const job = yield* enqueue(Task, 1, { queue, key: "k" })
      yield* isRunning
      yield* person.begin
      yield* person.sql`SELECT FROM pgq.workers WHERE id = ${worker}::uuid FOR UPDATE`

      const late = yield* line(/heartbeat failed: /)
      const expired = yield* line(/could not renew in time; interrupted .*: job \d+ \(task\)$/)
      yield* person.commit

      assert.deepStrictEqual(late.fields, { event: "heartbeat.failed", worker, operation: "renew" })
      const of = { queue, job, name: "task", attempt: 1, key: "k" }
      assert.deepStrictEqual(expired.fields, {
        event: "lease.expired",
        worker,
        queues: [queue],
        ...of
      })
    }))

  it.effect("a job that is left behind names it, and is an error", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = crypto.randomUUID()
      const lines: Array<LogLines.LogLine> = []
      const running = yield* Deferred.make<void>()
      const endless = Task.toLayer(() => {
        Deferred.doneUnsafe(running, Exit.void)
        return new Promise<void>(() => {})
      })
      const grace = "100 millis"
      const control = yield* start(endless, { queues: [queue], workerId: worker, lines, grace })
      const job = yield* enqueue(Task, 1, { queue })
      yield* Deferred.await(running)
      yield* control.stop("cancel")

      const { fields, text } = yield* LogLines.first(lines, /left behind/)

      assert.match(text, /^Error left behind after the grace.*: jobs \d+$/)
      assert.deepStrictEqual(fields, {
        event: "job.left-behind",
        worker,
        queue,
        job,
        name: "task",
        attempt: 1
      })
    }))

  it.effect("what the database refuses names what was asked of it, and who asked", () =>
    Effect.gen(function*() {
      const { line, person, queue, worker } = yield* setup()
      const renamed = (from: string, to: string) =>
        person.sql.unsafe(`ALTER FUNCTION pgq.${from} RENAME TO ${to}`).unprepared
      const claims = yield* person.sql<{ arguments: string; name: string }>`
        SELECT proname AS name, pg_get_function_identity_arguments(oid) AS arguments FROM pg_proc
        WHERE pronamespace = 'pgq'::regnamespace AND proname IN ('claim', 'promote')
      `
      for (const { name, arguments: types } of claims) {
        yield* renamed(`${name}(${types})`, `${name}_`)
      }

      const promoting = yield* line(/not all due jobs are made ready: /)
      const claiming = yield* line(/claim failed: .*; claiming again soon/)
      for (const { name, arguments: types } of claims) yield* renamed(`${name}_(${types})`, name)

      assert.deepStrictEqual(promoting.fields, {
        event: "maintenance.failed",
        worker,
        operation: "promote"
      })
      assert.deepStrictEqual(claiming.fields, {
        event: "claim.failed",
        worker,
        queues: [queue],
        operation: "claim"
      })
    }))
})

layer(producer, options)("a line about connections", (it) => {
  it.effect("that hear of no job names whose they are", () =>
    Effect.gen(function*() {
      const { line, person, worker } = yield* setup()
      const cut = person.sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE 'LISTEN%'
      `

      const { fields } = yield* Effect.raceFirst(
        line(/LISTEN failed/),
        Effect.forever(Effect.delay(cut, "50 millis"))
      )

      assert.deepStrictEqual(fields, {
        event: "listen.failed",
        worker,
        operation: "listen",
        schema: "pgq"
      })
    }))
})

layer(producer, options)("a queue that stops cleanly", (it) => {
  it.effect("logs no error and no warning", () =>
    Effect.gen(function*() {
      const { end, isRunning, lines, queue, scope } = yield* setup()
      yield* enqueue(Task, 1, { queue })
      yield* isRunning
      yield* end

      yield* Scope.close(scope, Exit.void)

      assert.deepStrictEqual(lines, [])
    }))
})
