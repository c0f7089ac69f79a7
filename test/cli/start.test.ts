/**
 * The start of a queue: job scripts of every kind, and signals before the worker runs.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import * as nodeModule from "node:module"
import { join } from "node:path"
import { eventually } from "../Given.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const plain = `
export const setupJobs = (queue, arg) => {
  queue.handle("greet", (payload, job) => {
    console.error(["greeted", payload.name, arg, job.name, job.key, job.priority, job.attempt,
      typeof job.id, job.signal instanceof AbortSignal].join(" "))
  })
}
`

const typed = `
import { Console, Effect, Schema } from "effect"
import { Job } from "pgq"
import { Greeting } from "./greeting.ts"

interface Queue {
  handle: (job: unknown, handler: (payload: { name: string }, job: any) => unknown) => void
}

export const setupJobs = (queue: Queue, arg: string) => Effect.sync(() => {
  queue.handle(Greeting, ({ name }, job) =>
    Console.error("greeted", name, arg, job.name, job.key, job.priority, job.attempt, typeof job.id,
      job.signal instanceof AbortSignal))
})
`

const greeting = `
import { Schema } from "effect"
import { Job } from "pgq"
type Unused = string
export const Greeting = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
`

const layered = `
import { Console } from "effect"
import { Greeting } from "./greeting.ts"
export default Greeting.toLayer(({ name }: { name: string }, job) =>
  Console.error("greeted", name, "arg", job.name, job.key, job.priority, job.attempt,
    typeof job.id, job.signal instanceof AbortSignal))
`

/** A module that sends SIGINT when the program is about to load `main.js`, alone or bundled. */
const interrupted = `
import { register } from "node:module"
register("data:text/javascript," + encodeURIComponent(\`
  export const resolve = (name, context, next) => {
    if (name.endsWith("main.js")) process.kill(process.pid, "SIGINT")
    return next(name, context)
  }
\`))
`

/** A job that goes on when its signal is aborted, and completes a moment later. */
const heedless = `
export const setupJobs = (queue) =>
  queue.handle("heedless", (_, { signal }) => new Promise((resolve) => {
    console.error("begun")
    signal.addEventListener("abort", () => setTimeout(() => {
      console.error("ended")
      resolve()
    }, 10))
  }))
`

const scripts: ReadonlyArray<readonly [name: string, text: string]> = [
  ["jobs.mjs", plain],
  ["jobs.js", plain],
  ["jobs.ts", typed],
  ["jobs.mts", typed],
  ["layer.ts", layered],
  ["promise.mjs", plain.replace("=> {", "=> Promise.resolve().then(() => {").replace(/}\s*$/, "})")]
]

const canUnshare = process.platform === "linux" &&
  spawnSync("unshare", ["--pid", "--fork", "--mount-proc", "true"]).status === 0

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("start", (it) => {
  it.effect.each(scripts)("runs the jobs of %s", ([name, text]) =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write(name, text)
      write("greeting.ts", greeting)
      yield* sql`INSERT INTO ${table("jobs")} (name, payload, serialization_key, priority)
                 VALUES ('greet', '{"name": "Ada"}', 'k', 7)`

      const queue = yield* Pgq.spawn(["start", ...flags, "-f", name, "-a", "arg"], { cwd: path })
      yield* queue.line(/^greeted Ada arg greet k 7 1 bigint true$/)
      yield* queue.kill("SIGHUP")

      const { code, stdout } = yield* queue.exit
      assert.deepStrictEqual([code, stdout], [0, ""])
      assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, 0)
    }))

  it.effect("works without prepared statements and without LISTEN", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", plain)
      const env = { PGQ_PREPARE: "false" }
      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], { cwd: path, env })
      yield* queue.line(/working on default/)

      yield* Pgq.run(["enqueue", "greet", "{\"name\": \"Ada\"}", ...flags], { env })

      yield* queue.line(/^greeted Ada/)
    }))

  it.effect.skipIf(!("flushCompileCache" in nodeModule))(
    "leaves its code compiled for the next start, even if it is killed",
    () =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", plain)
        const cache = join(path, "cache")
        const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], {
          cwd: path,
          env: { NODE_COMPILE_CACHE: cache }
        })
        const cached = Effect.sync(() => {
          const files = readdirSync(cache, { recursive: true, withFileTypes: true })
          assert.isTrue(files.some((file) => file.isFile()), "nothing was written")
        })

        yield* queue.line(/working on default/)
        yield* eventually(cached)
        yield* queue.kill("SIGKILL")

        assert.strictEqual((yield* queue.exit).signal, "SIGKILL")
      })
  )

  it.effect("hands a script's Effects the database and the queue", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write(
        "jobs.mjs",
        `import { Effect } from "effect"
         import { SqlClient } from "effect/sql"
         export const setupJobs = (queue) => queue.handle("ask", () =>
           Effect.gen(function*() {
             const sql = yield* SqlClient.SqlClient
             const [{ answer }] = yield* sql\`SELECT 6 * 7 AS answer\`
             yield* Effect.logInfo("the answer is " + answer)
           }))`
      )
      yield* sql`INSERT INTO ${table("jobs")} (name, payload) VALUES ('ask', '{}')`

      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], { cwd: path })

      yield* queue.line(/the answer is 42/)
    }))

  it.effect("a payload that a script's own copy of pgq refuses fails its job at once", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const { path, write } = yield* Pgq.folder
      write("greeting.ts", greeting)
      write("layer.ts", layered)
      yield* sql`INSERT INTO ${table("jobs")} (name, payload) VALUES ('greet', '{"name": 1}')`

      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "layer.ts"], { cwd: path })
      yield* queue.line(/job\.failed/)
      yield* queue.kill("SIGINT")
      yield* queue.exit

      assert.deepStrictEqual(
        yield* sql`SELECT outcome, attempt FROM ${table("finished_jobs")}`,
        [{ outcome: "failed", attempt: 1 }]
      )
    }))

  it.effect.each([["SIGINT", 2], ["SIGTERM", 2], ["SIGHUP", 0]] as const)(
    "%s before anything is loaded stops the queue that then starts",
    ([signal, left]) =>
      Effect.gen(function*() {
        const { flags, table } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", plain)
        yield* sql`INSERT INTO ${table("jobs")} (name, payload)
                   VALUES ('greet', '{}'), ('greet', '{}')`

        const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], {
          cwd: path,
          ipc: true
        })
        yield* queue.message("latched")
        yield* queue.kill(signal)

        assert.strictEqual((yield* queue.exit).code, 0)
        assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, left)
        assert.strictEqual((yield* sql`SELECT FROM ${table("leases")}`).length, 0)
      })
  )

  it.effect("a signal that comes before anything else is read is caught", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", plain)
      const probe = write("probe.mjs", interrupted)

      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], {
        cwd: path,
        env: { NODE_OPTIONS: `--import=${probe}` }
      })

      const { code, signal } = yield* queue.exit
      assert.deepStrictEqual({ code, signal }, { code: 0, signal: null })
    }))

  it.effect.each([0, 3])(
    "any moment of a start with -q %i is a good one for TERM",
    (processes) =>
      Effect.gen(function*() {
        const { flags, table } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", plain)
        const args = ["start", ...flags, "-f", "jobs.mjs", ...processes === 0 ? [] : ["-q", "3"]]

        // The moment of the signal is the subject of this test, so the test sleeps and waits for no
        // event.
        for (const delay of [0, 100, 200, 300, 400, 500, 700, 900]) {
          const queue = yield* Pgq.spawn(args, { cwd: path, ipc: true })
          yield* queue.message("latched")
          yield* Effect.sleep(delay)
          yield* queue.kill("SIGTERM")
          assert.strictEqual((yield* queue.exit).code, 0, `after ${delay} ms:\n${queue.stderr()}`)
        }

        assert.strictEqual((yield* sql`SELECT FROM ${table("leases")}`).length, 0)
        assert.strictEqual((yield* sql`SELECT FROM ${table("workers")}`).length, 0)
      })
  )

  it.effect("a job that goes on to its end when it is cancelled is no error", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", heedless)
      yield* Pgq.run(["enqueue", "heedless", ...flags])
      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], { cwd: path })
      yield* queue.line(/^begun/)

      yield* queue.kill("SIGTERM")

      assert.strictEqual((yield* queue.exit).code, 0)
      assert.match(queue.stderr(), /^ended$/m)
      assert.notMatch(queue.stderr(), / error /)
    }))

  it.effect("a script that never comes to an end does not keep the queue from stopping", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write(
        "jobs.mjs",
        "console.error('hangs'); export const setupJobs = () => new Promise(() => {})"
      )
      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], { cwd: path })
      yield* queue.line(/hangs/)

      yield* queue.kill("SIGUSR1")
      yield* queue.line(/: starting$/)
      yield* queue.kill("SIGINT")

      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect("a script without handlers starts with a warning, and stops as others do", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", "export const setupJobs = () => {}")
      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs"], { cwd: path })

      yield* queue.line(/jobs\.mjs registers no handler; .* event=script\.empty/)
      yield* queue.line(/working on default/)
      yield* queue.kill("SIGHUP")

      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect.each([["SIGINT", 130], ["SIGTERM", 143]] as const)(
    "%s before anything is loaded ends any other command",
    ([signal, code]) =>
      Effect.gen(function*() {
        const command = yield* Pgq.spawn(["check", "-c", "host=10.255.255.1"], { ipc: true })
        yield* command.message("latched")
        yield* command.kill(signal)

        const ended = yield* command.exit
        assert.deepStrictEqual([ended.code, ended.stdout, ended.stderr], [code, "", ""])
      })
  )

  it.effect.runIf(canUnshare)("all of this holds for process 1", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", plain)
      const through = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]

      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs", "-p", "a.pid"], {
        cwd: path,
        through
      })
      yield* queue.line(/kill -TERM 1 /)
      const [child] = spawnSync("pgrep", ["-P", String(queue.pid)], { encoding: "utf8" }).stdout
        .split("\n")
      process.kill(Number(child), "SIGTERM")

      assert.strictEqual((yield* queue.exit).code, 0)
    }))
})
