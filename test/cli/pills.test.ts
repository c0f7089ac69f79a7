/**
 * Jobs that end their process in different ways, among jobs that do not.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../Given.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
export const setupJobs = (queue) => {
  const inAMoment = (act) => new Promise(() => setTimeout(act, 5))
  queue.handle("good", () => new Promise((done) => setTimeout(done, 5)))
  queue.handle("exit", () => process.exit(0))
  queue.handle("abort", () => process.abort())
  queue.handle("kill", () => inAMoment(() => process.kill(process.pid, "SIGKILL")))
  queue.handle("heap", () => {
    const all = []
    for (;;) all.push(Array.from({ length: 10_000 }, (_, n) => ({ n })))
  })
  queue.handle("timer", () => inAMoment(() => {
    throw new Error("nobody catches\\nthis")
  }))
  queue.handle("rejection", () => inAMoment(() => {
    Promise.reject(new Error("nobody waits for this"))
  }))
  queue.handle("odd", () => inAMoment(() => {
    Promise.reject(Object.create(null))
  }))
  queue.handle("oddest", () => inAMoment(() => {
    throw Object.create(null)
  }))
}
`

/** For each job, the end as the supervisor logs it, and the line that the process itself logs. */
const pills: Record<string, {
  readonly name: string
  readonly how: RegExp
  readonly says?: RegExp
}> = {
  "exits with 0": { name: "exit", how: /ended with exit code 0/ },
  "aborts": { name: "abort", how: /ended by SIGABRT/ },
  "kills its process": { name: "kill", how: /ended by SIGKILL/ },
  "takes all memory": { name: "heap", how: /ended by SIGABRT/ },
  "throws from a timer": {
    name: "timer",
    how: /ended with exit code 1/,
    says:
      /^\S+ error an uncaught error ends the process: nobody catches this \(\S+jobs.mjs:\d+\) event=process\.crashed pid=\d+$/
  },
  "rejects where nobody waits": {
    name: "rejection",
    how: /ended with exit code 1/,
    says:
      /^\S+ error an uncaught error ends the process: nobody waits for this \(\S+jobs.mjs:\d+\) event=process\.crashed pid=\d+$/
  },
  "rejects with what is no error": {
    name: "odd",
    how: /ended with exit code 1/,
    says: /^\S+ error an uncaught error ends the process: .+ pid=\d+$/
  },
  "throws what cannot be described": {
    name: "oddest",
    how: /ended with exit code [17]/,
    says:
      /^\S+ error an uncaught error ends the process: it cannot be described event=process\.crashed pid=\d+$/
  }
}

const scripted = `
export const setupJobs = () => process.exit(0)
`

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "a job that",
  (it) => {
    for (const [what, { how, name, says }] of Object.entries(pills)) {
      it.effect(`${what} is found out, and harms no other`, () =>
        Effect.gen(function*() {
          const { flags, table } = yield* Pgq.schema
          const { path, write } = yield* Pgq.folder
          write("jobs.mjs", script)
          const sql = yield* PgClient.PgClient
          yield* sql`
          INSERT INTO ${table("jobs")} (name)
          SELECT CASE n WHEN 20 THEN ${name}::text ELSE 'good' END FROM generate_series(1, 60) AS n
        `
          const finished = sql<{ name: string; outcome: string; count: number }>`
          SELECT name, outcome, count(*)::integer FROM ${table("finished_jobs")}
          GROUP BY name, outcome ORDER BY name = 'good'`

          const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs", "-q", "2"], {
            cwd: path,
            env: { NODE_OPTIONS: "--max-old-space-size=64" }
          })

          yield* queue.line(how, 3)
          yield* eventually(Effect.map(finished, (rows) =>
            assert.deepStrictEqual(rows, [
              { name, outcome: "crashed", count: 1 },
              { name: "good", outcome: "completed", count: 59 }
            ])))
          yield* queue.line(/working on default/, 5)
          yield* queue.kill("SIGINT")
          assert.strictEqual((yield* queue.exit).code, 0)
          const lines = queue.stderr().split("\n")
          assert.lengthOf(lines.filter((line) => /giving its jobs back/.test(line)), 3)
          if (says !== undefined) {
            assert.lengthOf(lines.filter((line) => says.test(line)), 3, queue.stderr())
          }
          assert.deepStrictEqual(yield* sql`SELECT FROM ${table("jobs")}`, [])
        }))
    }

    it.effect("is not even registered because its script ends the process is spoken for", () =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", scripted)

        const ended = yield* Pgq.run(["start", ...flags, "-f", "jobs.mjs", "-q", "2"], {
          cwd: path
        })

        assert.strictEqual(ended.code, 1)
        assert.match(
          ended.stderr,
          /error the first process ended with exit code 0 event=child\.ended worker=\S{36}\n/
        )
      }))
  }
)
