/**
 * The forms of the log of `pgq start`: every line on stderr has the form that was asked for.
 *
 * Tests `src/cli/Log.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Effect } from "effect"
export const setupJobs = (queue) => {
  queue.handle("bad", () => { throw new Error("no \\"route\\"\\nat all") })
  queue.handle("traced", () =>
    Effect.withSpan("inner")(Effect.annotateLogs({ level: "mine", size: 7 })(Effect.logInfo("traced"))))
}
`

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("the log", (it) => {
  it.effect("is JSON on each line, with the fields of the event and the ids of the trace", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", script)
      const queue = yield* Pgq.spawn(
        ["start", ...flags, "-f", "jobs.mjs", "--log-format", "json"],
        { cwd: path }
      )
      yield* queue.line(/worker.started/)
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('bad'), ('traced')`
      yield* queue.line(/job.retried/)
      yield* queue.line(/"message":"traced"/)
      yield* queue.kill("SIGUSR1")
      yield* queue.line(/since the start/)
      yield* queue.kill("SIGTERM")
      const { stderr } = yield* queue.exit

      const lines = stderr.trim().split("\n").map((line) => JSON.parse(line))
      for (const { level, message, timestamp } of lines) {
        assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
        assert.include(["info", "warn", "error"], level)
        assert.isString(message)
      }
      const retried = lines.find(({ event }) => event === "job.retried")
      assert.deepInclude(retried, { level: "warn", name: "bad", queue: "default", attempt: 1 })
      assert.match(retried.message, /no "route"/)
      const traced = lines.find(({ message }) => message === "traced")
      assert.deepInclude(traced, { level: "info", size: 7 })
      assert.match(traced.trace_id, /^[0-9a-f]{32}$/)
      assert.match(traced.span_id, /^[0-9a-f]{16}$/)
    }))

  it.effect("has the form in the last line of a process that fails, too", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const failed = (form: string) =>
        Pgq.run(["start", ...flags, "-f", "missing.mjs", "--log-format", form])

      const json = yield* failed("json")
      assert.strictEqual(json.code, 1)
      assert.deepInclude(JSON.parse(json.stderr), { level: "error" })
      const logfmt = yield* failed("logfmt")
      assert.match(logfmt.stderr, /^time=\S+Z level=error msg="pgq: [^\n]*missing\.mjs[^\n]*"\n$/)
      const pretty = yield* failed("pretty")
      assert.match(pretty.stderr, /^pgq: [^\n]*missing\.mjs[^\n]*\n$/)
      assert.strictEqual((yield* failed("xml")).code, 2)
    }))
})
