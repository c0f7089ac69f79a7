/**
 * With no connection named: the embedded server, shared by every command while a queue runs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Pgq from "./Pgq.ts"

const script = `export const setupJobs = (queue) =>
  queue.handle("greet", ({ name }) => console.error("greeted " + name))`

const dataDir = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-data-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
)

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
})
