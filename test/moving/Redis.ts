/**
 * A Redis server for one test, if Debian's redis-server is installed.
 */
import { assert } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const isInstalled = ["redis-server", "redis-cli"].every((program) =>
  spawnSync(program, ["--version"]).error === undefined
)

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})

/** Sends a command to the server, and answers with the server's answer. */
export const ask = (port: number, ...command: ReadonlyArray<string>) =>
  Effect.sync(() =>
    spawnSync("redis-cli", ["-h", "127.0.0.1", "-p", String(port), ...command], {
      encoding: "utf8"
    }).stdout.trim()
  )

/** Starts a server, and answers with its port. */
export const start = Effect.gen(function*() {
  const port = yield* freePort
  const dir = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "pgq-redis-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, "--save", ""]
  yield* Effect.acquireRelease(
    Effect.sync(() => spawn("redis-server", settings, { stdio: "ignore" })),
    (child) =>
      Effect.callback<void>((resume) => {
        child.once("exit", () => resume(Effect.void))
        child.kill("SIGKILL")
      })
  )
  yield* ask(port, "PING").pipe(
    Effect.map((answer) => assert.strictEqual(answer, "PONG")),
    Effect.sandbox,
    Effect.retry(Schedule.upTo(Schedule.spaced("50 millis"), { duration: "20 seconds" })),
    Effect.orDie
  )
  return port
})
