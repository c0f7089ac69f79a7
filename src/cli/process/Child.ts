/**
 * A child process of a supervisor, which shares its terminal and nothing else: what its parent
 * asks reaches it no sooner than it can take it.
 */
import { Deferred, Effect } from "effect"
import { spawn as spawnProcess } from "node:child_process"
import type { StopMode } from "../../domain/StopMode.ts"
import * as ErrorLine from "../ErrorLine.ts"
import { workerIdVariable } from "./WorkerProcess.ts"

export interface Child {
  readonly pid: number | undefined
  readonly workerId: string
  /** It hears how to stop. */
  readonly listening: Deferred.Deferred<void>
  /** It works. */
  readonly ready: Deferred.Deferred<void>
  /** It was killed because it did not begin to work. */
  readonly late: Deferred.Deferred<void>
  /** It has heard that it is to cancel its jobs. */
  readonly cancelling: Deferred.Deferred<void>
  readonly ended: Deferred.Deferred<Ended>
  /** Asks it to stop. A message, because two signals may be heard in the other order. */
  readonly stop: (mode: StopMode) => void
  readonly signal: (signal: NodeJS.Signals) => void
}

export interface Ended {
  /** It has stopped as it should, and said so. */
  readonly isClean: boolean
  /**
   * It could not say what was wrong: ended by a signal or in the middle of its work, or never born.
   */
  readonly isSilent: boolean
  /** For people. */
  readonly how: string
}

/** Starts this program once more, with the same arguments. */
export const spawn = (options: {
  readonly workerId: string
  readonly env: Readonly<Record<string, string>>
}): Effect.Effect<Child> =>
  Effect.sync(() => {
    const { workerId } = options
    const listening = Deferred.makeUnsafe<void>()
    const ready = Deferred.makeUnsafe<void>()
    const late = Deferred.makeUnsafe<void>()
    const cancelling = Deferred.makeUnsafe<void>()
    const ended = Deferred.makeUnsafe<Ended>()
    const child = spawnProcess(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      env: { ...process.env, ...options.env, [workerIdVariable]: workerId },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // In a session of its own, so that a Ctrl-C at the terminal is a matter of the parent.
      detached: true
    })
    let hasStopped = false
    child.on("message", (message) => {
      if (message === "stopped") hasStopped = true
      if (message === "listening") Deferred.doneUnsafe(listening, Effect.void)
      if (message === "ready") Deferred.doneUnsafe(ready, Effect.void)
      if (message === "cancelling") Deferred.doneUnsafe(cancelling, Effect.void)
    })
    // Not "exit", which may come before its last message.
    child.once("close", (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`
      const isClean = code === 0 && hasStopped
      Deferred.doneUnsafe(ended, Effect.succeed({ isClean, isSilent: !isClean && !code, how }))
    })
    // A message to a child that has just died fails, and its exit says so anyway.
    child.on("error", (error) => {
      if (child.pid !== undefined) return
      const how = `before it began: ${ErrorLine.of(error)}`
      Deferred.doneUnsafe(ended, Effect.succeed({ isClean: false, isSilent: true, how }))
    })

    const stop = (mode: StopMode) => {
      if (Deferred.isDoneUnsafe(listening)) child.send(mode, () => {})
    }
    const signal = (name: NodeJS.Signals) => {
      if (name === "SIGKILL" || Deferred.isDoneUnsafe(listening)) child.kill(name)
    }
    return { pid: child.pid, workerId, listening, ready, late, cancelling, ended, stop, signal }
  })
