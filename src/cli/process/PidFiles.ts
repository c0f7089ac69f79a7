/**
 * Pid files on disk: held by a queue while it runs, read by `stop` and `status`.
 *
 * A process counts as the one that wrote the file only if its fingerprint says so; all others are
 * left alone.
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
import { PidFileInvalid } from "../../domain/Errors.ts"
import * as PidFile from "../../domain/PidFile.ts"

/** Holds the file for as long as the scope, or the process, lives. Replaces a stale one. */
export const hold: (path: string) => Effect.Effect<void, PidFileInvalid, Scope.Scope> = Effect
  .fnUntraced(function*(given) {
    // The file to remove stays the same when the program changes its working directory.
    const path = resolve(given)
    const text = PidFile.format({
      pid: process.pid,
      fingerprint: fingerprintOf(process.pid) ?? PidFile.fingerprintOf([])
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
    // A process that ends at once closes no scope.
    process.once("exit", remove)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        process.off("exit", remove)
        remove()
      })
    )
  })

/** Sends a signal to the queue that holds the file, and to nothing else; answers its pid. */
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

/** Whether that process still holds the file. */
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
  const { pid, fingerprint } = yield* Effect.mapError(
    Effect.fromResult(PidFile.parse(text)),
    (issue) => refusal(path, `${issue}; remove it or name another one`)
  )
  const now = fingerprintOf(pid)
  return now === fingerprint
    ? { pid, text }
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
  yield* Effect.logWarning(`replacing the pid file ${path}: ${found.stale}`)
  // Moved first and looked at again: another process may have replaced it meanwhile.
  const aside = `${path}.${process.pid}`
  yield* io(path, () => renameSync(path, aside))
  if (!Option.contains(Result.getSuccess(read(aside)), found.text)) {
    yield* Effect.ignore(io(path, () => linkSync(aside, path)))
  }
  yield* io(path, () => rmSync(aside))
})

/** Answers whether it was created: `false` when there is a file already. */
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

/** The text of a regular file that is no link; fails with the system's code for what is wrong. */
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

/** What tells a process from all others that ever have its number; nothing if it is gone. */
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
