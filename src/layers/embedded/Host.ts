/**
 * Files, short-lived programs and the user id for the embedded server.
 *
 * PostgreSQL refuses to run as root. Root's server therefore runs as the owner of its data
 * directory, or as `nobody` if root owns that too.
 */
import { Effect } from "effect"
import { type ChildProcess, execFile } from "node:child_process"
import { stat } from "node:fs/promises"
import { join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"

/** The user and group that the server's programs run as; empty for the current ones. */
export interface Runner {
  readonly uid?: number
  readonly gid?: number
}

export const isRoot: Effect.Effect<boolean> = Effect.sync(() => process.getuid?.() === 0)

/** The owner of the data directory. */
export const runnerOf = Effect.fnUntraced(function*(dataDir: string) {
  if (!(yield* isRoot)) return {}

  const owner = yield* io(`look at ${dataDir}`, () => stat(join(dataDir, "cluster"))).pipe(
    Effect.catch(() => io(`look at ${dataDir}`, () => stat(dataDir)))
  )
  if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }

  const uid = yield* run("id", ["-u", "nobody"], {})
  const gid = yield* run("id", ["-g", "nobody"], {})
  return { uid: Number(uid), gid: Number(gid) }
})

/** Calls the file system; an error reads "cannot <what>: <why>". */
export const io = <A>(
  what: string,
  call: () => Promise<A>
): Effect.Effect<A, EmbeddedServerFailed> =>
  Effect.tryPromise({
    try: call,
    catch: (cause) => new EmbeddedServerFailed({ detail: `cannot ${what}: ${textOf(cause)}` })
  })

/** Runs a program to its end and answers its output. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  runner: Runner
): Effect.Effect<string, EmbeddedServerFailed> =>
  Effect.callback((resume) => {
    const child = execFile(program, args, spawnOptions(runner), (error, stdout, stderr) => {
      if (error === null) return resume(Effect.succeed(stdout))
      const detail = `${program} failed: ${stderr.trim() || error.message}`
      resume(Effect.fail(new EmbeddedServerFailed({ detail })))
    })
    return Effect.andThen(Effect.sync(() => child.kill()), exited(child))
  })

/** Waits until the process has ended. */
export const exited = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const isGone = child.pid === undefined || child.exitCode !== null || child.signalCode !== null
    if (isGone) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
  })

/**
 * Options for the server's programs. The environment is not passed on, because PGDATA, PGPORT and
 * others would change their behaviour; every user may enter the working directory.
 */
export const spawnOptions = (runner: Runner) => ({
  cwd: "/",
  env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
  // Node takes these ids as signed numbers, and the id of `nobody` on macOS is 2^32 - 2.
  ...(runner.uid === undefined ? {} : { uid: runner.uid | 0 }),
  ...(runner.gid === undefined ? {} : { gid: runner.gid | 0 })
})

const textOf = (cause: unknown) => cause instanceof Error ? cause.message : String(cause)
