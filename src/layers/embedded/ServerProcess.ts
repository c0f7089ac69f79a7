/**
 * The server's process. Ctrl-C does not reach it; its scope stops it.
 */
import { Effect, Option, Schedule, type Scope } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { constants } from "node:fs"
import { type FileHandle, open, readFile, rename, stat } from "node:fs/promises"
import { join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import { exited, io, type Runner, spawnOptions } from "./Host.ts"
import * as PidFile from "./PostmasterPid.ts"

export interface Process {
  readonly pid: number
  /** Waits for the process to end, then fails with the errors in its log. */
  readonly failure: Effect.Effect<never, EmbeddedServerFailed>
  /** Lets the server outlive its scope. */
  readonly keep: Effect.Effect<void>
  /** Stops the server before its scope ends. */
  readonly stop: Effect.Effect<void>
}

export const start: (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly dataDir: string; readonly runner: Runner }
) => Effect.Effect<Process, EmbeddedServerFailed, Scope.Scope> = Effect.fnUntraced(
  function*(program, args, { dataDir, runner }) {
    const path = join(dataDir, "postgres.log")
    const from = yield* rotate(path)
    let isKept = false
    const child = yield* Effect.acquireRelease(
      Effect.acquireUseRelease(
        openLog(path),
        (log) => launch(program, args, runner, log),
        (log) => Effect.ignore(io(`close ${path}`, () => log.close()))
      ),
      (child) => isKept ? Effect.void : stop(child)
    )
    const failure = Effect.andThen(
      exited(child),
      // The last user stops the server normally, perhaps before the process that started it uses
      // it.
      Effect.suspend(() => child.exitCode === 0 ? stopped(dataDir) : complaint(path, from))
    )
    const keep = Effect.sync(() => {
      isKept = true
    })
    return { pid: child.pid ?? 0, failure, keep, stop: stop(child) }
  }
)

/**
 * Keeps one older log, so that both stay bounded; answers the position where this run's part
 * begins.
 */
const rotate = Effect.fnUntraced(function*(path: string) {
  const found = yield* Effect.option(io(`look at ${path}`, () => stat(path)))
  const size = Option.match(found, { onNone: () => 0, onSome: (log) => log.size })
  if (size < 16 * 1024 * 1024) return size

  yield* io(`rename ${path}`, () => rename(path, `${path}.1`))
  return 0
})

const openLog = (path: string) => {
  // The folder may belong to an ordinary user, and root must not write through that user's link.
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY
  return io(`open ${path}`, () => open(path, flags, 0o600))
}

const launch = (
  program: string,
  args: ReadonlyArray<string>,
  runner: Runner,
  log: FileHandle
) =>
  Effect.callback<ChildProcess, EmbeddedServerFailed>((resume) => {
    const child = spawn(program, args, {
      ...spawnOptions(runner),
      // The server has a session of its own, so that Ctrl-C does not reach it while jobs still run.
      detached: true,
      stdio: ["ignore", log.fd, log.fd]
    })
    child.once("spawn", () => {
      child.unref()
      resume(Effect.succeed(child))
    })
    child.once("error", ({ message }) => {
      resume(Effect.fail(new EmbeddedServerFailed({ detail: `${program}: ${message}` })))
    })
  })

/** Ends all sessions and writes a checkpoint. If that takes too long, the next start recovers. */
const stop = Effect.fnUntraced(function*(child: ChildProcess) {
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    child.kill(signal)
    const gone = yield* Effect.timeoutOption(exited(child), "15 seconds")
    if (Option.isSome(gone)) return
  }
})

/** Stops a server that another process started. A stopped server has removed its pid file. */
export const stopOther = Effect.fnUntraced(function*(dataDir: string, pid: number) {
  const isGone = Effect.map(
    PidFile.read(dataDir),
    (held) => !Option.exists(held, (file) => file.pid === pid)
  )
  for (const signal of ["SIGINT", "SIGQUIT"] as const) {
    yield* Effect.ignore(Effect.try(() => process.kill(pid, signal)))
    const gone = yield* isGone.pipe(
      Effect.repeat({ until: (gone) => gone, schedule: Schedule.spaced("20 millis") }),
      Effect.timeoutOption("15 seconds")
    )
    if (Option.isSome(gone)) return
  }
})

/** This error is temporary: the server can be started again. */
export const stopped = (dataDir: string) =>
  new EmbeddedServerFailed({ detail: `the server in ${dataDir} is being stopped` })

/** The errors in the log, without time stamps. */
const complaint = (path: string, from: number) =>
  io(`read ${path}`, () => readFile(path)).pipe(
    Effect.map((log) => log.subarray(from).toString("utf8").trim().split("\n").slice(-20)),
    Effect.orElseSucceed((): ReadonlyArray<string> => []),
    Effect.map((lines) => {
      const said = lines.flatMap((line) =>
        /(?:FATAL|PANIC|DETAIL|HINT): +(.*)/.exec(line)?.[1] ?? []
      )
      const why = (said.length > 0 ? said : lines).join("; ")
      const advice = why.includes("incompatible with server")
        ? "; name another folder with PGQ_DATA_DIR, or use pg_upgrade"
        : ""
      return `the server ended: ${why}${advice} (see ${path})`
    }),
    Effect.flatMap((detail) => Effect.fail(new EmbeddedServerFailed({ detail })))
  )
