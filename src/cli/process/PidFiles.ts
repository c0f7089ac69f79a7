/**
 * Pid files on disk: written by a running worker, read by `stop` and `status`.
 *
 * Only a process whose fingerprint matches the file counts as its owner. Any other process with
 * that pid is left alone.
 */
import { Effect, Option, Result, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync
} from "node:fs"
import { resolve } from "node:path"
import type { ListenAddress } from "../../domain/ListenAddress.ts"
import * as PidFile from "../../domain/PidFile.ts"
import { PidFileInvalid } from "../../domain/ProcessErrors.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"

/**
 * Owns the file until the scope or the process ends. A stale file is replaced. The file tells the
 * address of the probes, if the process answers any.
 */
export const hold: (
  path: string,
  probes: Option.Option<ListenAddress>
) => Effect.Effect<void, PidFileInvalid, Scope.Scope> = Effect
  .fnUntraced(function*(given, probes) {
    // The path is resolved now, because the program may change its working directory.
    const path = resolve(given)
    const text = PidFile.format({
      pid: process.pid,
      fingerprint: fingerprintOf(process.pid) ?? PidFile.fingerprintOf([]),
      probes: Option.map(probes, (at) => "path" in at ? { path: resolve(at.path) } : at)
    })
    if (!(yield* create(path, text))) {
      yield* dropStale(path)
      if (!(yield* create(path, text))) {
        return yield* refusal(path, "another process has just written it")
      }
    }

    const remove = () => {
      if (Option.contains(Result.getSuccess(read(path)), text)) rmSync(path, { force: true })
    }
    // A process that exits at once closes no scope.
    process.once("exit", remove)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        process.off("exit", remove)
        remove()
      })
    )
  })

/** Signals the worker that owns the file and no other process; answers its pid. */
export const signal: (
  path: string,
  signal: NodeJS.Signals
) => Effect.Effect<number, PidFileInvalid> = Effect.fnUntraced(function*(path, signal) {
  const found = yield* look(path)
  if ("stale" in found) return yield* refusal(path, `is stale: ${found.stale}; sent no signal`)
  yield* Effect.mapError(
    Effect.suspend(() => Effect.fromResult(attempt(() => process.kill(found.pid, signal)))),
    (why) => refusal(path, `process ${found.pid} cannot be sent ${signal}: ${why}`)
  )
  return found.pid
})

/** The address at which the process that owns the file answers probes. */
export const probesOf: (
  path: string
) => Effect.Effect<ListenAddress, PidFileInvalid> = Effect.fnUntraced(function*(path) {
  const found = yield* look(path)
  if ("stale" in found) return yield* refusal(path, `is stale: ${found.stale}`)
  return yield* Effect.mapError(
    Effect.fromOption(found.probes),
    () => refusal(path, `process ${found.pid} answers no probes; start it with --probes`)
  )
})

/** Whether this process still owns the file. */
export const isHeld = (path: string, pid: number): Effect.Effect<boolean> =>
  Effect.match(look(path), {
    onFailure: () => false,
    onSuccess: (found) => !("stale" in found) && found.pid === pid
  })

const look = Effect.fnUntraced(function*(path: string) {
  const text = yield* Effect.mapError(
    Effect.fromResult(read(path)),
    (why) =>
      refusal(
        path,
        why === "ENOENT" ? "there is none; is the queue running?" : `cannot be read: ${why}`
      )
  )
  const { fingerprint, pid, probes } = yield* Effect.mapError(
    Effect.fromResult(PidFile.parse(text)),
    (issue) => refusal(path, `${issue}; remove it or name another one`)
  )
  const now = fingerprintOf(pid)
  return now === fingerprint
    ? { pid, probes, text }
    : {
      text,
      stale: `process ${pid} ${now === undefined ? "is not running" : "is another program"}`
    }
})

const dropStale = Effect.fnUntraced(function*(path: string) {
  const found = yield* look(path)
  if (!("stale" in found)) {
    return yield* refusal(path, `process ${found.pid} is running and holds it; stop it first`)
  }
  yield* EventLog.warning("pid-file.replaced", `replacing the pid file ${path}: ${found.stale}`)
  // The file is moved first and read again, because another process may have replaced it meanwhile.
  const aside = `${path}.${process.pid}`
  yield* io(path, () => renameSync(path, aside))
  if (!Option.contains(Result.getSuccess(read(aside)), found.text)) {
    yield* Effect.ignore(io(path, () => linkSync(aside, path)))
  }
  yield* io(path, () => rmSync(aside))
})

/** Whether the file was created: `false` if it exists already. */
const create = (path: string, text: string): Effect.Effect<boolean, PidFileInvalid> =>
  Effect.suspend(() => {
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
    const opened = attempt(() => openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600))
    if (Result.isFailure(opened)) {
      return opened.failure === "EEXIST"
        ? Effect.succeed(false)
        : Effect.fail(refusal(path, `cannot be written: ${opened.failure}`))
    }
    const file = opened.success
    return io(path, () => writeSync(file, text)).pipe(
      Effect.tapError(() => io(path, () => rmSync(path))),
      Effect.ensuring(Effect.sync(() => closeSync(file))),
      Effect.as(true)
    )
  })

/** The text of a regular file that is not a link. Fails with the system's error code. */
const read = (path: string): Result.Result<string, string> =>
  Result.flatMap(
    attempt(() => openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)),
    (file) => {
      const text = attempt(() => fstatSync(file).isFile() ? readFileSync(file, "utf8") : undefined)
      closeSync(file)
      return Result.flatMap(
        text,
        (found) => found === undefined ? Result.fail("it is no file") : Result.succeed(found)
      )
    }
  )

/**
 * A text that differs for every process that ever has this pid; `undefined` if the process has
 * ended.
 */
const fingerprintOf = (pid: number): string | undefined => {
  const facts = process.platform === "linux"
    ? [
      attempt(() => PidFile.startTimeOf(readFileSync(`/proc/${pid}/stat`, "utf8"))),
      attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim())
    ]
    : [attempt(() => execFileSync("ps", ["-o", "lstart=", "-p", `${pid}`], { encoding: "utf8" }))]
  const known = facts.flatMap((fact) => Option.toArray(Result.getSuccess(fact)))
    .flatMap((fact) => fact ?? [])
  return known.length === facts.length ? PidFile.fingerprintOf(known) : undefined
}

const io = <A>(path: string, call: () => A): Effect.Effect<A, PidFileInvalid> =>
  Effect.mapError(
    Effect.suspend(() => Effect.fromResult(attempt(call))),
    (why) => refusal(path, `cannot be written: ${why}`)
  )

const attempt = <A>(call: () => A): Result.Result<A, string> =>
  Result.try({
    try: call,
    catch: (error) =>
      error instanceof Error ? String(Reflect.get(error, "code") ?? error.message) : String(error)
  })

const refusal = (path: string, issue: string) => new PidFileInvalid({ path, issue })
