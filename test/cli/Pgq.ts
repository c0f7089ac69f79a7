/**
 * Runs the built command line as a process, reads its output and sends it signals. The process is
 * killed at the end of the test.
 */
// A plain Error is enough to make a test fail.
// @effect-diagnostics globalErrorInEffectFailure:off
import { PgClient } from "@effect/sql-pg"
import { Deferred, Effect, Schedule, type Scope } from "effect"
import { type ChildProcess, spawn as spawnProcess } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import { TestDatabase } from "../support/Postgres.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
export const bin = join(root, "dist", "cli", "bin.js")

/** Longer than any command takes on a busy machine. Only a failing test waits this long. */
const patience = "20 seconds"

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Waits until stderr has `count` lines that match, and answers with the last of them. */
  readonly line: (pattern: RegExp, count?: number) => Effect.Effect<string, Error>
  readonly message: (text: string) => Effect.Effect<void, Error>
  readonly exit: Effect.Effect<Ended, Error>
  readonly stderr: () => string
  readonly stdout: () => string
}

export interface Options {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly ipc?: boolean
  readonly stdin?: string
  /** Another program, which gets the command line as its last arguments. */
  readonly through?: ReadonlyArray<string>
}

export const spawn = (
  args: ReadonlyArray<string>,
  options: Options = {}
): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.map(Effect.acquireRelease(launch(args, options), killed), watch)

/** Runs a command to its end. */
export const run = (
  args: ReadonlyArray<string>,
  options: Options = {}
): Effect.Effect<Ended, Error> =>
  Effect.scoped(Effect.flatMap(spawn(args, options), ({ exit }) => exit))

const launch = (args: ReadonlyArray<string>, options: Options) =>
  Effect.sync(() => {
    const [program = "", ...rest] = [...options.through ?? [], process.execPath, bin, ...args]
    const child = spawnProcess(program, rest, {
      cwd: options.cwd ?? tmpdir(),
      // Of the machine's environment, only PATH and HOME reach the command.
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...options.env },
      stdio: ["pipe", "pipe", "pipe", ...(options.ipc ? ["ipc" as const] : [])]
    })
    // A program may end without reading its input, which makes the write fail.
    child.stdin?.on("error", () => {})
    child.stdin?.end(options.stdin ?? "")
    return child
  })

const killed = (child: ChildProcess) => Effect.sync(() => child.kill("SIGKILL"))

const watch = (child: ChildProcess): Running => {
  const ended = Deferred.makeUnsafe<Ended>()
  const messages: Array<unknown> = []
  let stdout = ""
  let stderr = ""
  child.stdout?.setEncoding("utf8").on("data", (text) => stdout += text)
  child.stderr?.setEncoding("utf8").on("data", (text) => stderr += text)
  child.on("message", (message) => messages.push(message))
  child.once(
    "close",
    (code, signal) => Deferred.doneUnsafe(ended, Effect.succeed({ code, signal, stdout, stderr }))
  )

  const line = (pattern: RegExp, count = 1) =>
    eventually(`line ${count} that matches ${pattern}`, () => {
      const found = stderr.split("\n").filter((text) => pattern.test(text))
      return found[count - 1]
    }).pipe(Effect.mapError((error) => new Error(`${error.message}, in:\n${stderr}`)))
  return {
    pid: child.pid ?? 0,
    kill: (signal) => Effect.sync(() => void child.kill(signal)),
    line,
    message: (text) =>
      Effect.asVoid(
        eventually(`message ${text}`, () => messages.find((message) => message === text))
      ),
    exit: Deferred.await(ended).pipe(
      Effect.timeout(patience),
      Effect.mapError(() => new Error(`no exit of ${child.spawnargs.join(" ")}, in:\n${stderr}`))
    ),
    stderr: () => stderr,
    stdout: () => stdout
  }
}

/** Repeats `look` until it answers with a value. */
export const eventually = <A>(
  what: string,
  look: () => A | undefined
): Effect.Effect<A, Error> =>
  Effect.suspend(() => Effect.fromNullishOr(look())).pipe(
    Effect.retry(Schedule.spaced("5 millis")),
    Effect.timeout(patience),
    Effect.mapError(() => new Error(`there is no ${what}`))
  )

/** A folder for scripts and pid files, from which `effect` and `pgq` can be imported. */
export const folder: Effect.Effect<
  { readonly path: string; readonly write: (name: string, text: string) => string },
  never,
  Scope.Scope
> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "pgq-cli-"))
      mkdirSync(join(path, "node_modules"))
      symlinkSync(join(root, "node_modules", "effect"), join(path, "node_modules", "effect"))
      symlinkSync(root, join(path, "node_modules", "pgq"))
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  ),
  (path) => ({
    path,
    write: (name, text) => {
      writeFileSync(join(path, name), text)
      return join(path, name)
    }
  })
)

/** A migrated schema for one test, and the flags that name the schema. */
export const schema = Effect.gen(function*() {
  const { url } = yield* TestDatabase
  const sql = yield* PgClient.PgClient
  const name = `t_${randomUUID().replaceAll("-", "").slice(0, 12)}`
  yield* PgSchema.migrate({ schema: name })
  return {
    name,
    flags: ["-c", url, "--schema", name],
    table: (table: string) => sql(`${name}.${table}`)
  }
})
