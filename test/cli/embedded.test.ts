/**
 * Commands without a named connection use the embedded server. All commands share the server while
 * a queue runs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, sep } from "node:path"
import * as Pgq from "./Pgq.ts"

const script = `export const setupJobs = (queue) =>
  queue.handle("greet", ({ name }) => console.error("greeted " + name))`

const dataDir = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-data-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
)

/** Runs the command under a user id without a name and a home. Only root can take such an id. */
const asNobodyKnown = process.getuid?.() === 0
  ? { through: ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"] }
  : {}

/** Whether the command can be run as another user: root's home, for one, is closed to others. */
const isReadByAll = process.cwd().split(sep).every((_, at, names) =>
  (statSync(names.slice(0, at + 1).join(sep) || sep).mode & 0o001) !== 0
)

const place = Effect.gen(function*() {
  const data = yield* dataDir
  const { path, write } = yield* Pgq.folder
  write("jobs.mjs", script)
  const pidFile = join(data, "cluster", "data", "postmaster.pid")
  return { cwd: path, env: { PGQ_DATA_DIR: data }, isRunning: () => existsSync(pidFile) }
})

const working = Effect.fnUntraced(function*(given: Pgq.Options) {
  const queue = yield* Pgq.spawn(["start", "-f", "jobs.mjs"], given)
  yield* queue.line(/kill -TERM/)
  return queue
})

const killedQueue = Effect.gen(function*() {
  const given = yield* place
  const queue = yield* working(given)
  yield* queue.kill("SIGKILL")
  yield* queue.exit
  return given
})

describe("embedded server", () => {
  it.live.each([[], ["-q", "2"]])(
    "is there for enqueue and start %j without a migration",
    (flags) =>
      Effect.gen(function*() {
        const env = { PGQ_DATA_DIR: yield* dataDir }
        const { path, write } = yield* Pgq.folder
        write("jobs.mjs", script)

        const early = yield* Pgq.run(["enqueue", "greet", "{\"name\": \"Ada\"}"], { env })
        const queue = yield* Pgq.spawn(["start", "-f", "jobs.mjs", ...flags], { cwd: path, env })
        yield* queue.line(/^greeted Ada$/)
        const late = yield* Pgq.run(["enqueue", "greet", "{\"name\": \"Grace\"}"], { env })
        yield* queue.line(/^greeted Grace$/)
        const check = yield* Pgq.run(["check"], { env })
        yield* queue.line(/kill -TERM/)
        yield* queue.kill("SIGTERM")

        assert.strictEqual((yield* queue.exit).code, 0)
        assert.deepStrictEqual([early.stdout, late.stdout], ["1\n", "2\n"])
        assert.match(check.stdout, /\(embedded server\)$/m)
        assert.notMatch(check.stdout, /password/)
      }),
    60_000
  )

  it.live(
    "outlives a killed queue, and stops with the next that uses it",
    () =>
      Effect.gen(function*() {
        const given = yield* killedQueue

        assert.isTrue(given.isRunning())
        const { code } = yield* Pgq.run(["enqueue", "greet"], given)

        assert.strictEqual(code, 0)
        assert.isFalse(given.isRunning())
      }),
    60_000
  )

  it.live("that a killed queue left is stopped by a command", () =>
    Effect.gen(function*() {
      const given = yield* killedQueue

      const first = yield* Pgq.run(["stop", "--server"], given)
      assert.isFalse(given.isRunning())
      const second = yield* Pgq.run(["stop", "--server"], given)

      assert.match(first.stderr, /info {2}stopped the embedded server in /)
      assert.match(second.stderr, /info {2}no embedded server runs in /)
      assert.deepStrictEqual([first.code, second.code], [0, 0])
    }), 60_000)

  it.live(
    "is stopped by the last of two queues, whichever started it",
    () =>
      Effect.gen(function*() {
        const { isRunning, ...given } = yield* place
        const [one, two] = yield* Effect.all([working(given), working(given)])

        yield* one.kill("SIGTERM")
        assert.strictEqual((yield* one.exit).code, 0)
        const refused = yield* Pgq.run(["stop", "--server"], given)
        yield* Pgq.run(["enqueue", "greet", "{\"name\": \"Ada\"}"], given)
        yield* two.line(/^greeted Ada$/)
        assert.isTrue(isRunning())
        yield* two.kill("SIGTERM")
        assert.strictEqual((yield* two.exit).code, 0)

        assert.isFalse(isRunning())
        assert.strictEqual(refused.code, 1)
        assert.match(refused.stderr, /^pgq: .*: other processes of pgq use the server in .*\n$/)
      }),
    60_000
  )

  it.live("serves commands that begin while others end", () =>
    Effect.gen(function*() {
      const { isRunning, ...given } = yield* place
      yield* Pgq.run(["migrate"], given)

      const ends = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Pgq.run(["enqueue", "greet"], given),
        { concurrency: 3 }
      )

      assert.strictEqual(
        ends.map(({ code, stderr }) => `${code} ${stderr}`).join(),
        ends.map(() => "0 ").join()
      )
      assert.deepStrictEqual(
        ends.map(({ stdout }) => Number(stdout)).toSorted((a, b) => a - b),
        ends.map((_, index) => index + 1)
      )
      assert.isFalse(isRunning())
    }), 120_000)

  it.live.skipIf(!isReadByAll)(
    "says in one line that its user has no home directory",
    () =>
      Effect.gen(function*() {
        const { code, stderr } = yield* Pgq.run(["status"], { env: { HOME: "" }, ...asNobodyKnown })

        assert.match(stderr, /^pgq: [^\n]* has no home directory; set PGQ_DATA_DIR[^\n]*\n$/)
        assert.strictEqual(code, 1)
      }),
    60_000
  )

  it.live("says in one line why it has no place for its data", () =>
    Effect.gen(function*() {
      const { write } = yield* Pgq.folder
      const dataDir = write("file", "")

      const { code, stderr } = yield* Pgq.run(["status"], {
        env: { PGQ_DATA_DIR: join(dataDir, "a") }
      })

      assert.match(stderr, /^pgq: [^\n]*ENOTDIR[^\n]*choose another folder[^\n]*\n$/)
      assert.strictEqual(code, 1)
    }), 60_000)
})
