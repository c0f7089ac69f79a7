/**
 * `pgq start -q N` with children that crash and a parent that dies.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { eventually } from "../Given.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const script = `
import { Effect } from "effect"
export const setupJobs = (queue) => {
  queue.handle("held", () =>
    Effect.andThen(Effect.logInfo("held in " + process.pid + "."), Effect.never))
  queue.handle("crashing", () => process.exit(3))
  queue.handle("harmless", () => {})
  queue.handle("hanging", () => {
    process.stderr.write("hanging in " + process.pid + ".\\n")
    while (true);
  })
}
`

/** A job script that the first process never finishes loading. */
const loadingLate = `
import { existsSync, writeFileSync } from "node:fs"
const isFirst = !existsSync("loaded")
writeFileSync("loaded", "")
// A timer keeps the process from ending by itself.
if (isFirst) await new Promise(() => setInterval(() => {}, 1000))
export const setupJobs = (queue) => queue.handle("harmless", () => {})
`

const start = (...jobs: ReadonlyArray<string>) => startWith(["-q", "3"], ...jobs)

const startWith = Effect.fnUntraced(function*(
  args: ReadonlyArray<string>,
  ...jobs: ReadonlyArray<string>
) {
  const { flags, table } = yield* Pgq.schema
  const { path, write } = yield* Pgq.folder
  write("jobs.mjs", script)
  const sql = yield* PgClient.PgClient
  for (const name of jobs) {
    yield* sql`INSERT INTO ${table("jobs")} (name, payload) VALUES (${name}, '{}')`
  }
  const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.mjs", "-w", "1", ...args], {
    cwd: path
  })
  yield* queue.line(/working in \d processes/)
  // A child that hangs does not notice the end of its parent, so the test kills it.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const [, pid] of queue.stderr().matchAll(/hanging in (\d+)/g)) killed(Number(pid))
    })
  )
  return { queue, sql, table }
})

/** Waits for `count` runs of `held`, and answers with the process of the last one. */
const holder = (queue: Pgq.Running, count: number) =>
  Effect.map(queue.line(/held in \d+\./, count), (line) => Number(/held in (\d+)/.exec(line)?.[1]))

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const killed = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // The process is dead already.
  }
}

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("supervisor", (it) => {
  it.effect("runs the jobs of a child killed with -9 again within a second, and replaces it", () =>
    Effect.gen(function*() {
      const { queue } = yield* start("held")
      const first = yield* holder(queue, 1)
      yield* queue.line(/working on default/, 3)

      const killedAt = yield* Clock.currentTimeMillis
      process.kill(first, "SIGKILL")
      const second = yield* holder(queue, 2)
      const elapsed = (yield* Clock.currentTimeMillis) - killedAt

      assert.notStrictEqual(second, first)
      assert.isBelow(elapsed, 1000)
      yield* queue.line(/working on default/, 4)
      yield* queue.kill("SIGTERM")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect("starts children that crash again and again more and more slowly", () =>
    Effect.gen(function*() {
      const { queue, sql, table } = yield* start("crashing")

      // After three crashes the job is failed as crashed.
      yield* queue.line(/ended with exit code 3; giving its jobs back/, 3)
      yield* queue.line(/working on default/, 6)
      yield* queue.kill("SIGINT")

      assert.strictEqual((yield* queue.exit).code, 0)
      assert.deepStrictEqual(
        yield* sql`SELECT name, outcome FROM ${table("finished_jobs")}`,
        [{ name: "crashing", outcome: "crashed" }]
      )
    }))

  it.effect("finds the job that crashes them, and harms none of those beside it", () =>
    Effect.gen(function*() {
      const harmless = Array.from({ length: 30 }, () => "harmless")
      const { queue, sql, table } = yield* start("crashing", ...harmless)
      const finished = sql<{ name: string; outcome: string; attempt: number; count: number }>`
        SELECT name, outcome, attempt, count(*)::integer FROM ${table("finished_jobs")}
        GROUP BY name, outcome, attempt ORDER BY name`

      yield* eventually(Effect.map(finished, (rows) =>
        assert.deepStrictEqual(rows, [
          { name: "crashing", outcome: "crashed", attempt: 0, count: 1 },
          { name: "harmless", outcome: "completed", attempt: 1, count: 30 }
        ])))

      yield* queue.kill("SIGINT")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect("leaves no child behind when it is killed with -9 itself", () =>
    Effect.gen(function*() {
      const { queue, sql, table } = yield* start()
      yield* queue.line(/working on default/, 3)
      const rows = yield* sql<{ pid: number }>`SELECT pid FROM ${table("workers")}`
      assert.strictEqual(rows.length, 3)

      yield* queue.kill("SIGKILL")

      yield* Pgq.eventually(
        "end of the children",
        () => rows.some(({ pid }) => isAlive(pid)) ? undefined : true
      )
      assert.strictEqual((yield* sql`SELECT FROM ${table("workers")}`).length, 0)
    }))

  it.effect("exits at once with its children dead and their jobs free", () =>
    Effect.gen(function*() {
      const { queue, sql, table } = yield* start("held")
      const pid = yield* holder(queue, 1)
      // The stopped child cannot answer its parent.
      process.kill(pid, "SIGSTOP")

      yield* queue.kill("SIGTERM")
      yield* queue.line(/SIGTERM: interrupt/)
      yield* queue.kill("SIGTERM")

      assert.strictEqual((yield* queue.exit).code, 143)
      assert.isFalse(isAlive(pid))
      assert.strictEqual((yield* sql`SELECT FROM ${table("leases")}`).length, 0)
      assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, 1)
    }))

  it.effect("goes on without a job that hangs, when it has kept three processes for too long", () =>
    Effect.gen(function*() {
      const { queue, sql, table } = yield* startWith(
        ["-q", "1", "--hang-limit", "3s"],
        "hanging",
        "harmless"
      )
      const killed = yield* queue.line(/has kept the thread of worker \S+ for \d seconds; killing/)
      yield* queue.line(/ended by SIGKILL; giving its jobs back/, 2)
      yield* queue.line(/ended by SIGKILL; giving its jobs back/, 3)

      const finished = sql`SELECT name, outcome FROM ${table("finished_jobs")} ORDER BY name`
      yield* eventually(Effect.map(finished, (rows) =>
        assert.deepStrictEqual(rows, [
          { name: "hanging", outcome: "crashed" },
          { name: "harmless", outcome: "completed" }
        ])))
      assert.notInclude(killed, `pgq ${queue.pid}:`)
      yield* queue.kill("SIGINT")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect("kills a child that does not hear of a cancel within the grace", () =>
    Effect.gen(function*() {
      const { queue, sql, table } = yield* startWith(["-q", "1", "--grace", "1s"], "hanging")
      yield* queue.line(/hanging in/)

      yield* queue.kill("SIGTERM")

      assert.strictEqual((yield* queue.exit).code, 1)
      assert.match(
        queue.stderr(),
        /process \d+ did not receive the request to stop; killed it event=child.killed worker=\S{36}/
      )
      assert.strictEqual((yield* sql`SELECT FROM ${table("leases")}`).length, 0)
      assert.strictEqual((yield* sql`SELECT FROM ${table("jobs")}`).length, 1)
    }))

  it.effect("replaces a child that never finishes loading, and says so", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", loadingLate)

      const args = ["-f", "jobs.mjs", "-q", "2", "--start-limit", "2s"]
      const queue = yield* Pgq.spawn(["start", ...flags, ...args], { cwd: path })
      yield* queue.line(
        /process \d+ did not begin to work within 2\.0s; its job script jobs\.mjs or .*killed it event=child\.killed worker=/
      )
      yield* queue.line(/working in 2 processes/)
      yield* queue.line(/working on default/, 2)
      yield* queue.kill("SIGINT")

      assert.strictEqual((yield* queue.exit).code, 0)
      assert.notMatch(queue.stderr(), /the first process ended/)
    }))

  it.effect("works where its service leads, though -c names the database alone", () =>
    Effect.gen(function*() {
      const { name } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      write("jobs.mjs", "export const setupJobs = () => {}")
      const { dbname, ...others } = yield* Postgres.parameters
      const lines = Object.entries(others).map(([key, value]) => `${key}=${value}`)
      const PGSERVICEFILE = write("services.conf", ["[prod]", ...lines, ""].join("\n"))

      const queue = yield* Pgq.spawn(
        ["start", "-c", `dbname=${dbname}`, "--schema", name, "-f", "jobs.mjs", "-q", "2"],
        { cwd: path, env: { PGSERVICE: "prod", PGSERVICEFILE, PGHOST: "/nowhere" } }
      )
      yield* queue.line(/working on default/, 2)
      yield* queue.kill("SIGINT")

      assert.strictEqual((yield* queue.exit).code, 0)
    }))

  it.effect.each(["SIGINT", "SIGTERM"] as const)(
    "hears %s while a child never finishes loading",
    (signal) =>
      Effect.gen(function*() {
        const { flags } = yield* Pgq.schema
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", "console.error('loading'); await new Promise(() => {})")

        const args = ["-f", "jobs.mjs", "-q", "2"]
        const queue = yield* Pgq.spawn(["start", ...flags, ...args], { cwd: path })
        yield* queue.line(/^loading/)
        yield* queue.line(
          /job script jobs\.mjs is still loading; no job runs yet event=script\.loading pid=\d+/
        )
        yield* queue.kill(signal)

        assert.strictEqual((yield* queue.exit).code, 0)
      })
  )
})
