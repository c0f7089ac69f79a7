/**
 * The signals of a running queue, as one process and with child processes.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

/** Jobs whose end the test decides: `gated` ends when the file `gate` exists. */
const script = `
import { Effect, Schedule } from "effect"
import { existsSync } from "node:fs"

const gate = Effect.suspend(() => existsSync("gate") ? Effect.void : Effect.fail("closed")).pipe(
  Effect.retry(Schedule.spaced("10 millis"))
)
export const setupJobs = (queue, arg) => {
  queue.handle("quick", () => Effect.logInfo("quick done"))
  queue.handle("gated", () =>
    Effect.logInfo("gated begins in " + process.pid).pipe(
      Effect.andThen(gate),
      Effect.andThen(Effect.logInfo("gated done")),
      Effect.onInterrupt(() => Effect.logInfo("gated interrupted"))
    ))
  queue.handle("lingering", () =>
    Effect.logInfo("lingering begins in " + process.pid).pipe(
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() => Effect.andThen(Effect.logInfo("lingering cleans up"), gate))
    ))
  queue.handle("stuck", () => {
    console.error("stuck begins in " + process.pid)
    return new Promise(() => {})
  })
}
`

/** Starts a queue that runs the first of these jobs. The other jobs wait behind it. */
const working = Effect.fnUntraced(function*(
  options: { readonly processes: number; readonly flags?: ReadonlyArray<string> },
  ...jobs: ReadonlyArray<string>
) {
  const { flags, table } = yield* Pgq.schema
  const { path, write } = yield* Pgq.folder
  write("jobs.mjs", script)
  const sql = yield* PgClient.PgClient
  const names = yield* Effect.forEach(jobs, (name) =>
    // All jobs share a key, so only one runs at a time, with any number of processes.
    sql`INSERT INTO ${table("jobs")} (name, payload, serialization_key) VALUES (${name}, '{}', 'k')
        RETURNING name`)
  assert.strictEqual(names.length, jobs.length)

  const processes = options.processes === 0 ? [] : ["-q", String(options.processes)]
  const queue = yield* Pgq.spawn(
    ["start", ...flags, "-f", "jobs.mjs", "-p", "a.pid", ...processes, ...options.flags ?? []],
    { cwd: path }
  )
  yield* queue.line(/kill -USR1/)
  const begins = yield* queue.line(new RegExp(`${jobs[0]} begins in \\d+`))
  const left = Effect.map(
    sql<{ name: string; failures: number; leased: boolean }>`
      SELECT name, failures, id IN (SELECT unnest(job_ids) FROM ${table("leases")}) AS leased
      FROM ${table("jobs")} ORDER BY id`,
    (rows) =>
      rows.map(({ failures, leased, name }) => `${name} ${failures}${leased ? " leased" : ""}`)
  )
  /** The process that runs the first job. */
  const worker = Number(/begins in (\d+)/.exec(begins)?.[1])
  return { queue: { ...queue, worker }, left, openGate: Effect.sync(() => write("gate", "")), path }
})

const says = {
  drain: "stop when no job is waiting",
  finish: "stop when the running jobs are done",
  cancel: "interrupt the running jobs"
}

/**
 * Sends signals one by one. The next signal is sent when the working process has logged the last
 * one.
 */
const send = Effect.fnUntraced(function*(
  queue: Pgq.Running & { readonly worker: number },
  ...steps: ReadonlyArray<readonly [NodeJS.Signals, keyof typeof says]>
) {
  for (const [signal, mode] of steps) {
    yield* queue.kill(signal)
    yield* queue.line(
      queue.worker === queue.pid
        ? new RegExp(`${signal}: ${says[mode]}`)
        : new RegExp(`asked by the parent: ${says[mode]}.* pid=${queue.worker}`)
    )
  }
})

/** Waits for this exit code, and answers with all that the queue wrote to stderr. */
const endsWith = Effect.fnUntraced(function*(queue: Pgq.Running, expected: number) {
  const { code, stderr } = yield* queue.exit
  assert.strictEqual(code, expected, stderr)
  return stderr
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("signals", (it) => {
  describe.each([0, 3])("with -q %i", (processes) => {
    it.effect("HUP stops when no job is waiting", () =>
      Effect.gen(function*() {
        const { left, openGate, queue } = yield* working({ processes }, "gated", "quick", "quick")

        yield* send(queue, ["SIGHUP", "drain"])
        yield* openGate

        yield* endsWith(queue, 0)
        assert.deepStrictEqual(yield* left, [])
      }))

    it.effect("INT stops when the running jobs are done", () =>
      Effect.gen(function*() {
        const { left, openGate, queue } = yield* working({ processes }, "gated", "quick")

        yield* send(queue, ["SIGINT", "finish"])
        yield* openGate

        const stderr = yield* endsWith(queue, 0)
        assert.include(stderr, "gated done")
        assert.deepStrictEqual(yield* left, ["quick 0"])
      }))

    it.effect("TERM hands the running jobs back unharmed", () =>
      Effect.gen(function*() {
        const { left, path, queue } = yield* working({ processes }, "gated", "quick")

        yield* send(queue, ["SIGTERM", "cancel"])

        const stderr = yield* endsWith(queue, 0)
        assert.include(stderr, "gated interrupted")
        assert.deepStrictEqual(yield* left, ["gated 0", "quick 0"])
        assert.isFalse(existsSync(join(path, "a.pid")))
      }))

    it.effect.each(["SIGHUP", "SIGINT", "SIGTERM"] as const)(
      "HUP and %s stop when the running jobs are done",
      (signal) =>
        Effect.gen(function*() {
          const { left, openGate, queue } = yield* working({ processes }, "gated", "quick")

          yield* send(queue, ["SIGHUP", "drain"], [signal, "finish"])
          yield* openGate

          yield* endsWith(queue, 0)
          assert.deepStrictEqual(yield* left, ["quick 0"])
        })
    )

    it.effect.each(["SIGHUP", "SIGINT", "SIGTERM"] as const)(
      "INT and %s hand the running jobs back",
      (signal) =>
        Effect.gen(function*() {
          const { left, queue } = yield* working({ processes }, "gated")

          yield* send(queue, ["SIGINT", "finish"], [signal, "cancel"])

          yield* endsWith(queue, 0)
          assert.deepStrictEqual(yield* left, ["gated 0"])
        })
    )

    it.effect.each([["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const)(
      "TERM and %s exit at once",
      ([signal, code]) =>
        Effect.gen(function*() {
          const { path, queue } = yield* working({ processes }, "lingering")

          yield* send(queue, ["SIGTERM", "cancel"])
          yield* queue.line(/lingering cleans up/)
          yield* queue.kill(signal)

          yield* endsWith(queue, code)
          assert.isFalse(existsSync(join(path, "a.pid")))
        })
    )

    it.effect("HUP four times goes through all stop modes", () =>
      Effect.gen(function*() {
        const { queue } = yield* working({ processes }, "lingering")

        yield* send(queue, ["SIGHUP", "drain"], ["SIGHUP", "finish"], ["SIGHUP", "cancel"])
        yield* queue.line(/lingering cleans up/)
        yield* queue.kill("SIGHUP")

        yield* endsWith(queue, 129)
      }))

    it.effect("names the jobs it leaves behind after the grace", () =>
      Effect.gen(function*() {
        const flags = ["--grace", "200ms"]
        const { queue } = yield* working({ processes, flags }, "stuck")

        yield* send(queue, ["SIGTERM", "cancel"])

        const stderr = yield* endsWith(queue, 1)
        const [line = ""] = /.*left behind after the grace.*: jobs \d+.*/.exec(stderr) ?? []
        for (const field of ["worker=\\S{36}", "queue=default", "job=\\d+", "name=stuck"]) {
          assert.match(line, new RegExp(` ${field}`))
        }
      }))

    it.effect("USR1 writes the status, also while stopping, and opens no inspector", () =>
      Effect.gen(function*() {
        const { openGate, queue } = yield* working({ processes }, "gated", "quick")

        yield* queue.kill("SIGUSR1")
        yield* queue.line(/waiting now in default: 0 ready, 1 behind their key/)
        yield* send(queue, ["SIGINT", "finish"])
        yield* queue.kill("SIGUSR1")
        yield* queue.line(/1 of 5 running, queues default, stopping \(finish\)/)
        yield* openGate

        const stderr = yield* endsWith(queue, 0)
        assert.match(stderr, /running: \d+ gated key=k, for /)
        assert.notInclude(stderr, "Debugger")
      }))

    it.effect("stop and status find it by its pid file", () =>
      Effect.gen(function*() {
        const { path, queue } = yield* working({ processes }, "gated")
        const asks = (...args: ReadonlyArray<string>) => Pgq.run(args, { cwd: path })
        assert.strictEqual(
          readFileSync(join(path, "a.pid"), "utf8").split("\n")[0],
          String(queue.pid)
        )

        const status = yield* asks("status", "-p", "a.pid")
        yield* queue.line(/running: \d+ gated/)
        const bounded = yield* asks("stop", "-p", "a.pid", "all", "--wait", "50ms")
        const stop = yield* asks("stop", "-p", "a.pid", "--wait", "10s")

        assert.deepStrictEqual([status.code, status.stdout, status.stderr], [0, "", ""])
        assert.deepStrictEqual([bounded.code, stop.code, stop.stdout], [1, 0, ""])
        assert.include(bounded.stderr, "has not ended yet")
        yield* endsWith(queue, 0)
      }))
  })

  it.effect("a second queue is refused a pid file in use, and a dead one's is replaced", () =>
    Effect.gen(function*() {
      const { path, queue } = yield* working({ processes: 0 }, "gated")
      const start = ["start", "-f", "jobs.mjs", "-p", "a.pid", "-c", "host=127.0.0.1 port=1"]

      const refused = yield* Pgq.run(start, { cwd: path })
      yield* queue.kill("SIGKILL")
      yield* queue.exit
      const replaced = yield* Pgq.run(start, { cwd: path })

      assert.include(refused.stderr, `process ${queue.pid} is running and holds it`)
      assert.include(replaced.stderr, "replacing the pid file")
      assert.include(replaced.stderr, "cannot connect")
    }))
})
