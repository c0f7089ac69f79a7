/**
 * Each problem of the verdict is caused, seen, and ended by its next step or by the end of its
 * cause.
 *
 * Tests `src/layers/postgres/PgInsight.ts` and `src/domain/Verdict.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import * as Limits from "../../../src/domain/Limits.ts"
import type { ProblemCode } from "../../../src/domain/Problem.ts"
import * as Verdict from "../../../src/domain/Verdict.ts"
import { version } from "../../../src/domain/Version.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { Insight } from "../../../src/services/Insight.ts"
import { PauseControl } from "../../../src/services/PauseControl.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import * as Given from "../../Given.ts"
import { eventually, queueName } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { options, producer, start } from "../Live.ts"

const Sms = Job.make("sms")
const Known = Job.make("known")

/** The problems of a queue with a code, by limits that differ from the defaults. */
const problems = (code: ProblemCode, queue?: string, limits: Partial<Limits.Limits> = {}) =>
  Insight.use((insight) => insight.overview(queue === undefined ? {} : { queues: [queue] })).pipe(
    Effect.map((overview) =>
      Verdict.of(overview, { ...Limits.defaults, ...limits }).problems
        .filter((problem) =>
          problem.code === code && (queue === undefined || (problem.evidence["queue"] === queue))
        )
    )
  )

const isOver = (code: ProblemCode, queue?: string, limits: Partial<Limits.Limits> = {}) =>
  eventually(
    Effect.map(problems(code, queue, limits), (found) => assert.deepStrictEqual(found, []))
  )

layer(producer, options)("a problem", (it) => {
  it.effect("NoWorker: a queue has a job, and no worker lives", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueue(Sms, undefined, { queue })

      const [fresh] = yield* problems("NoWorker", queue)
      const [old] = yield* problems("NoWorker", queue, { latency: 0 })

      assert.deepInclude(fresh, { severity: "notice", next: `pgq start --queue ${queue} -f JOBS` })
      assert.strictEqual(old?.severity, "bad")
      yield* Given.workerOf(queue)
      yield* isOver("NoWorker", queue, { latency: 0 })
    }))

  it.effect("QueueLate: a worker leaves a ready job alone", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* Given.workerOf(queue)
      yield* enqueue(Sms, undefined, { queue })

      const [late] = yield* problems("QueueLate", queue, { latency: 0 })

      assert.include(late?.text, `${queue} is `)
      assert.deepInclude(late?.evidence, { ready: 1, running: 0, slots: 1 })
      yield* Given.claim({ queue, worker })
      yield* isOver("QueueLate", queue, { latency: 0 })
    }))

  it.effect("WorkerFrozen: a worker has not renewed its lease", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const worker = yield* Given.workerOf(queue)
      yield* sql`
        UPDATE pgq.workers SET lease_until = clock_timestamp() + lease / 4
        WHERE id = ${worker}::uuid
      `
      const ofWorker = Effect.map(
        problems("WorkerFrozen"),
        (found) => found.filter(({ evidence }) => evidence["worker"] === worker)
      )

      const [frozen] = yield* ofWorker

      assert.deepInclude(frozen, { severity: "bad" })
      assert.include(frozen?.text, "worker test (localhost:")
      yield* WorkerRegistry.use((registry) => registry.renew(worker))
      assert.deepStrictEqual(yield* ofWorker, [])
    }))

  it.effect("NoHandler: the worker of a queue does not know a name", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const scope = yield* Scope.make()
      yield* start(Known.toLayer(() => undefined), { queues: [queue], scope })
      const id = yield* enqueue(Sms, undefined, { queue })

      const problem = yield* eventually(Effect.gen(function*() {
        const [found] = yield* problems("NoHandler", queue)
        assert.isDefined(found)
        return found!
      }))

      assert.strictEqual(problem.text, `no live worker of ${queue} handles sms: 1 job`)
      assert.strictEqual(problem.next, `pgq why ${id}`)
      yield* start(Sms.toLayer(() => undefined), { queues: [queue] })
      yield* isOver("NoHandler", queue)
      yield* Scope.close(scope, Exit.void)
    }))

  it.effect("LaneBlocked: the head of a lane has failed for good, and a retry goes on", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      const worker = yield* session.worker(queue)
      const id = yield* session.insert({ queue, key: "k" })
      const { lease } = yield* session.claim({ queue, worker })
      yield* session.settleOther({ lease, id: String(id), outcome: "blocked", error: "no\nluck" })

      const [blocked] = yield* problems("LaneBlocked", queue)

      assert.deepInclude(blocked, {
        text: `1 lane of ${queue} is blocked by job ${id}, test`,
        next: `pgq retry ${id}, or pgq discard ${id}`
      })
      assert.deepInclude(blocked?.evidence, { lanes: 1, key: "k", error: "no" })
      yield* session.sql`SELECT pgq.retry(${id}::bigint)`
      yield* isOver("LaneBlocked", queue)
    }))

  it.effect("FailureRate: the jobs of a name fail, and one that fails seldom is none", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      const worker = yield* session.worker(queue)
      for (let n = 0; n < 30; n++) yield* session.insert({ queue })
      const { ids, lease } = yield* session.claim({ queue, worker, limit: 30 })
      for (const id of ids.slice(0, 11)) {
        yield* session.settleOther({ lease, id: String(id), outcome: "failed", error: "no luck" })
      }
      yield* session.complete(lease, ids.slice(11))
      // The span is shorter than five minutes shortly after midnight.
      const limits = { failuresPerMinute: 2 }

      const [failing] = yield* problems("FailureRate", queue, limits)

      assert.deepInclude(failing?.evidence, { name: "test", failed: 11, completed: 19 })
      assert.include(failing?.text, "test fails 37 %: 11 in the last ")
      yield* isOver("FailureRate", queue, { ...limits, failureShare: 0.5 })
      yield* isOver("FailureRate", queue)
    }))

  it.effect("HorizonPinned: a transaction is open, and its end ends that", () =>
    Effect.gen(function*() {
      const [holder, other] = [yield* Session.open, yield* Session.open]
      yield* holder.beginAt("REPEATABLE READ")
      yield* holder.sql`SELECT set_config('application_name', 'a backup', true), count(*)
                        FROM pgq.jobs`
      const [own] = yield* holder.sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`
      for (let n = 0; n < 3; n++) yield* other.insert({ queue: "horizon" })
      const ofHolder = Effect.map(
        problems("HorizonPinned", undefined, { horizon: 0 }),
        (found) => found.filter(({ evidence }) => evidence["pid"] === own!.pid)
      )

      const [pinned] = yield* ofHolder

      assert.match(
        pinned!.text,
        new RegExp(`^pid ${own!.pid} \\(a backup\\) has held the horizon for .*; ≈ .* dead rows$`)
      )
      assert.strictEqual(pinned?.next, `select pg_terminate_backend(${own!.pid})`)
      assert.deepStrictEqual(yield* problems("HorizonPinned"), [])
      yield* holder.rollback
      assert.deepStrictEqual(yield* ofHolder, [])
    }))

  it.effect("PoisonSuspects: a worker died while it had a job, and then another one", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const id = yield* enqueue(Sms, undefined, { queue })
      const die = Effect.gen(function*() {
        const worker = yield* Given.workerOf(queue)
        yield* Given.claim({ queue, worker })
        yield* WorkerRegistry.use((registry) => registry.reportDead(worker))
        return yield* problems("PoisonSuspects", queue)
      })

      const [once] = yield* die
      const [twice] = yield* die

      assert.deepInclude(once, { severity: "notice" })
      assert.deepInclude(twice, {
        severity: "bad",
        text: `job ${id}, sms, was there when 2 workers died`,
        next: `pgq why ${id}, or pgq discard ${id}`
      })
      assert.deepStrictEqual(yield* die, [])
    }))

  it.effect("PromotionLag: nobody makes a due job ready", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      const id = yield* session.insert({ queue })
      yield* session.asStep(`
        UPDATE pgq.jobs SET state = 'scheduled', run_at = now() - interval '1 minute',
                            created_at = now() - interval '1 hour' WHERE id = ${id}
      `)

      const [lag] = yield* problems("PromotionLag")
      const view = yield* Insight.use((insight) => insight.queue(queue))

      assert.match(lag!.text, /^due jobs are not made ready, the first for 1m \d+s/)
      assert.isAtLeast(view.lag ?? 0, 60)
      yield* session.sql`SELECT FROM pgq.promote(100)`
      yield* isOver("PromotionLag")
    }))

  it.effect("Bloat: rows are dead, and a vacuum takes them away", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      const limits = { deadRows: 999, deadRowsPerLive: 0 }
      yield* sql`INSERT INTO pgq.expiries SELECT now(), n FROM generate_series(1, 1000) AS n`
      yield* sql`DELETE FROM pgq.expiries`

      const bloat = yield* eventually(Effect.gen(function*() {
        const [found] = yield* problems("Bloat", undefined, limits)
        assert.isDefined(found)
        return found!
      }))

      assert.deepInclude(bloat.evidence, { table: "pgq.expiries", dead: 1000, vacuumedAt: null })
      assert.strictEqual(bloat.next, "vacuum (verbose) pgq.expiries")
      yield* sql.unsafe(bloat.next).unprepared
      yield* isOver("Bloat", undefined, limits)
    }))

  it.effect("PartitionMissing: the day has no partition, and the next step makes it", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      const [day] = yield* sql<{ table: string }>`
        SELECT to_char(now() AT TIME ZONE 'UTC', '"pgq.log_lines_"YYYYMMDD') AS table
      `
      yield* sql.unsafe(`DROP TABLE ${day!.table}`).unprepared

      const [missing] = yield* problems("PartitionMissing")

      assert.deepInclude(missing, {
        text: "the history of today has no partition in pgq.log_lines",
        next: "select pgq.prune_logs()"
      })
      yield* sql.unsafe(missing!.next).unprepared
      yield* isOver("PartitionMissing")
    }))

  it.effect("Paused: a queue is paused for long, and the resume ends that", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const control = yield* PauseControl
      yield* control.pause({ queue, name: undefined }, { reason: "month end" })

      const [paused] = yield* problems("Paused", queue, { pause: 0 })

      assert.match(paused!.text, new RegExp(`^${queue} is paused since .* ago by .*: month end$`))
      yield* control.resume({ queue, name: undefined })
      yield* isOver("Paused", queue, { pause: 0 })
    }))

  it.effect("WorkerDied: a worker died with jobs in its leases, and time goes by", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { sql } = yield* Session.open
      const worker = yield* Given.workerOf(queue)
      for (let n = 0; n < 4; n++) yield* enqueue(Sms, undefined, { queue })
      yield* Given.claim({ queue, worker })
      yield* WorkerRegistry.use((registry) => registry.reportDead(worker))

      const [died] = yield* problems("WorkerDied")

      assert.include(died!.text, `localhost:${process.pid} died holding 4 jobs, `)
      assert.deepInclude(died!.evidence, { worker, jobsHeld: 4 })
      yield* sql`UPDATE pgq.past_workers SET ended_at = ended_at - interval '10 minutes'`
      yield* isOver("WorkerDied")
    }))

  it.effect("VersionSkew: workers run two versions for long, and one of them leaves", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const { sql } = yield* Session.open
      const [old, other] = [yield* Given.workerOf(queue), yield* Given.workerOf(queue)]
      assert.deepStrictEqual(yield* problems("VersionSkew"), [])
      yield* sql`UPDATE pgq.workers SET started_at = started_at - interval '2 hours'
                 WHERE id IN (${old}::uuid, ${other}::uuid)`
      yield* sql`UPDATE pgq.workers SET version = '0.0.9' WHERE id = ${other}::uuid`

      const [skew] = yield* problems("VersionSkew")

      assert.deepInclude(skew, {
        text: `workers run 2 versions of pgq, for 2h 0m: 0.0.9, ${version}`,
        severity: "notice"
      })
      yield* WorkerRegistry.use((registry) => registry.leave(other))
      yield* isOver("VersionSkew")
    }))
})
