/**
 * Guest triggers on pgq's tables. No job is recorded as finished while a trigger keeps its row. A
 * job whose end a trigger refuses holds up no other job.
 *
 * Tests `sql/0005_settle.sql` and `sql/0006_maintenance.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import {
  claim,
  enqueue,
  eventually,
  newWorker,
  queueName,
  settle,
  settled,
  workerOf
} from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { finished, options, start, unfinished } from "../Live.ts"

/** Makes a guest trigger for each row of a table, and drops it when the scope ends. */
const trigger = (table: string, event: string, body: string) =>
  Effect.acquireRelease(
    PgClient.PgClient.use((sql) =>
      Effect.andThen(
        sql.unsafe(`
          CREATE FUNCTION public.theirs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$
        `).unprepared,
        sql.unsafe(`
          CREATE TRIGGER theirs ${event} ON pgq.${table} FOR EACH ROW EXECUTE FUNCTION public.theirs()
        `).unprepared
      )
    ),
    () =>
      PgClient.PgClient.use((sql) =>
        Effect.orDie(sql.unsafe("DROP FUNCTION public.theirs CASCADE").unprepared)
      )
  )

const kept = /a trigger on jobs keeps its row as it is/

layer(PgQueue.layer, options)("a trigger of somebody else's", (it) => {
  for (
    const [event, settlement] of [
      ["DELETE", Settlement.Completed()],
      ["DELETE", Settlement.Failed({ error: "no", blocksLane: false })],
      ["UPDATE", Settlement.Failed({ error: "no", blocksLane: true })]
    ] as const
  ) {
    it.effect(`that keeps a row refuses the end of its job: ${event}, ${settlement._tag}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { key: "k" }, {})
        const claimed = yield* claim({ queue, worker })
        const refused = yield* Effect.scoped(Effect.andThen(
          trigger("jobs", `BEFORE ${event}`, "RETURN NULL;"),
          Effect.flip(
            JobRepo.use((repo) => repo.settle(claimed.map((job) => settled(job, settlement))))
          )
        ))
        const meanwhile = yield* finished(queue)

        assert.match(refused.message, kept)
        assert.isFalse(refused.isTransient)
        assert.deepStrictEqual(meanwhile, [])
        assert.deepStrictEqual(yield* settle(claimed, settlement), [])
      }))
  }

  for (
    const [does, body, outcome] of [
      ["keeps a report out lets its job fail", "RETURN NULL;", "failed"],
      ["refuses a report refuses the failure", "RAISE 'no reports';", undefined],
      [
        "fires for a report finds the settings of its session",
        "ASSERT current_setting('lock_timeout') = '0' AND " +
        "current_setting('search_path') !~ 'pgq'; RETURN NEW;",
        "failed"
      ]
    ] as const
  ) {
    it.effect(`that ${does}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = { ...newWorker(queue), names: [queue] }
        const failureReports = [{ of: queue, name: "report", expiresIn: undefined }]
        yield* WorkerRegistry.use((registry) => registry.join({ ...worker, failureReports }))
        yield* enqueue(queue, { name: queue })
        const claimed = yield* claim({ queue, worker: worker.id })

        yield* Effect.scoped(Effect.andThen(
          trigger("jobs", "BEFORE INSERT", body),
          Effect.exit(settle(claimed, Settlement.Failed({ error: "no", blocksLane: false })))
        ))

        const left = (yield* unfinished(queue)).map(({ name }) => name)
        assert.deepStrictEqual((yield* finished(queue))[0]?.outcome, outcome)
        assert.deepStrictEqual(
          left,
          outcome === undefined ? [queue] : body === "RETURN NULL;" ? [] : ["report"]
        )
      }))
  }

  it.effect(
    "that keeps the next job of a run from its lane's head refuses the end of the one before",
    () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const worker = yield* workerOf(queue)
        yield* enqueue(queue, { key: "k" }, { key: "k" })
        const run = yield* claim({ queue, worker, perLaneMax: 1 })
        yield* enqueue(queue, { key: "k", priority: 9 })
        const refused = yield* Effect.scoped(Effect.andThen(
          trigger(
            "jobs",
            "BEFORE UPDATE",
            "IF NEW.state = 'ready' AND NEW.priority = 0 THEN RETURN NULL; END IF; RETURN NEW;"
          ),
          Effect.exit(
            JobRepo.use((repo) => repo.settle([settled(run[0]!, Settlement.Completed())]))
          )
        ))
        const beside = yield* claim({ queue, worker: yield* workerOf(queue) })

        assert.lengthOf(run, 2)
        assert.deepStrictEqual(beside, [])
        assert.match(String(refused), kept)
        assert.deepStrictEqual(yield* settle(run, Settlement.Completed()), [])
      })
  )

  it.effect("that keeps a crash from being counted refuses to hand the job back", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      yield* claim({ queue, worker })
      const reportDead = WorkerRegistry.use((registry) => registry.reportDead(worker))
      const refused = yield* Effect.scoped(Effect.andThen(
        trigger(
          "jobs",
          "BEFORE UPDATE",
          "IF NEW.crash_count > OLD.crash_count THEN RETURN NULL; END IF; RETURN NEW;"
        ),
        Effect.exit(reportDead)
      ))
      const counted = Effect.map(unfinished(queue), ([job]) => job?.crash_count)
      const meanwhile = yield* claim({ queue, worker: yield* workerOf(queue) })
      yield* reportDead

      assert.match(String(refused), kept)
      assert.deepStrictEqual(meanwhile, [])
      assert.strictEqual(yield* counted, 1)
    }))

  it.effect("that lets no row into the history lets the job end", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, {})
      const claimed = yield* claim({ queue, worker })
      yield* trigger("completed_jobs_other", "BEFORE INSERT", "RETURN NULL;")

      assert.deepStrictEqual(yield* settle(claimed, Settlement.Completed()), [])
      assert.deepStrictEqual(yield* unfinished(queue), [])
    }).pipe(Effect.scoped))

  for (const code of ["P0001", "57014", "40001", "55P03"]) {
    it.effect(`that refuses the end of one job refuses that of no other: ${code}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const Task = Job.make("greet", { payload: Schema.Struct({}) })
        yield* trigger(
          "finished_jobs",
          "AFTER INSERT",
          `IF NEW.priority = 7 THEN RAISE EXCEPTION 'not this one' USING ERRCODE = '${code}'; END IF;
         RETURN NEW;`
        )
        yield* enqueue(queue, {}, { priority: 7 }, {}, {})
        yield* start(Task.toLayer(() => Effect.void), { queues: [queue], workers: 5 })

        yield* eventually(Effect.map(finished(queue), (jobs) => assert.lengthOf(jobs, 3)))
        assert.lengthOf(yield* unfinished(queue), 1)
      }).pipe(Effect.scoped))
  }
})
