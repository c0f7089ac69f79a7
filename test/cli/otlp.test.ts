/**
 * `pgq start` sends metrics, spans and log lines to a collector that the environment names.
 *
 * Tests `src/observe/Exporting.ts` and `src/cli/process/Exported.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Collector from "../support/Collector.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Effect, Metric } from "effect"
const mine = Metric.counter("mine.counted", { incremental: true })
export const setupJobs = (queue) => queue.handle("quick", () =>
  Metric.update(mine, 1).pipe(
    Effect.andThen(Effect.sync(() => console.error("quick"))),
    Effect.withSpan("span of the handler"),
    Effect.andThen(Effect.logInfo("the handler is done"))
  ))
`

const args = (flags: ReadonlyArray<string>) => ["start", ...flags, "-f", "jobs.mjs"]

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pgq start", (it) => {
  it.effect("exports by OTLP, and sends the rest at its end", () =>
    Effect.gen(function*() {
      const collector = yield* Collector.make
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const queue = yield* Pgq.spawn(args(flags), {
        cwd: path,
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
      })
      const started = yield* queue.line(/worker=[0-9a-f-]{36}/)
      const worker = /worker=(\S+)/.exec(started)?.[1] ?? "no worker"
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('quick')`
      yield* queue.line(/^quick$/)
      // The line belongs to the span of the run.
      yield* queue.line(/the handler is done .*trace_id=[0-9a-f]{32} span_id=[0-9a-f]{16}/)
      yield* queue.kill("SIGHUP")
      assert.strictEqual((yield* queue.exit).code, 0)

      const metrics = collector.received("metrics")
      for (const part of ["pgq.job.settled", "completed", "pgq.worker.slots", "mine.counted"]) {
        assert.include(metrics, part)
      }
      assert.include(collector.received("logs"), "worker.started")
      const spans = collector.received("traces")
      assert.include(spans, "span of the handler")
      assert.include(spans, "process quick")
      assert.include(spans, worker)
      // The worker's own steps make no spans.
      for (const step of ["JobRepo.", "Scheduler.", "WorkerRegistry."]) {
        assert.notInclude(spans, step)
      }
    }))

  it.effect("works and stops all the same if the collector is not there", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const queue = yield* Pgq.spawn(args(flags), {
        cwd: path,
        // Nobody listens on port 9 of this machine.
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" }
      })
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('quick')`
      yield* queue.line(/^quick$/)
      yield* queue.kill("SIGHUP")
      const { code, stderr } = yield* queue.exit
      assert.deepStrictEqual([code, / error /.test(stderr)], [0, false])
    }))

  it.effect("refuses a collector that is no URL, in one sentence", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { code, stderr } = yield* Pgq.run(args(flags), {
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: "no url" }
      })
      assert.deepStrictEqual(
        [code, stderr],
        [1, "pgq: OTEL_EXPORTER_OTLP_ENDPOINT: it is not a URL\n"]
      )
    }))
})
