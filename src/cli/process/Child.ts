/**
 * A child process of the supervisor. It shares the supervisor's terminal and nothing else. Messages
 * of the parent reach a child only after the child listens.
 */
import { Deferred, Effect } from "effect"
import { spawn as spawnProcess } from "node:child_process"
import type { StopMode } from "../../domain/StopMode.ts"
import * as ErrorLine from "../ErrorLine.ts"
import { ChildReports } from "./ChildReports.ts"
import { workerIdVariable } from "./WorkerProcess.ts"

export interface Child {
  readonly pid: number | undefined
  readonly workerId: string
  /** From 1. A child that replaces another one takes its number. */
  readonly number: number
  readonly reports: ChildReports
  /** The child listens for stop messages. */
  readonly listening: Deferred.Deferred<void>
  /** The child has begun to work. */
  readonly ready: Deferred.Deferred<void>
  /** The child was killed because it did not begin to work in time. */
  readonly late: Deferred.Deferred<void>
  /** The child has received the request to cancel its jobs. */
  readonly cancelling: Deferred.Deferred<void>
  readonly ended: Deferred.Deferred<Ended>
  /**
   * Asks the child to stop. This is a message, because two signals in quick succession may arrive
   * in the other order.
   */
  readonly stop: (mode: StopMode) => void
  readonly signal: (signal: NodeJS.Signals) => void
}

export interface Ended {
  /** The child stopped as it should and has said so. */
  readonly isClean: boolean
  /**
   * The child could not report its error: a signal ended it, it ended in the middle of its work, or
   * it never started.
   */
  readonly isSilent: boolean
  /** The end of the child, in words. */
  readonly how: string
}

/** Starts this program once more, with the same arguments. */
export const spawn = (options: {
  readonly workerId: string
  readonly number: number
  readonly env: Readonly<Record<string, string>>
}): Effect.Effect<Child> =>
  Effect.sync(() => {
    const { number, workerId } = options
    const listening = Deferred.makeUnsafe<void>()
    const ready = Deferred.makeUnsafe<void>()
    const late = Deferred.makeUnsafe<void>()
    const cancelling = Deferred.makeUnsafe<void>()
    const ended = Deferred.makeUnsafe<Ended>()
    const child = spawnProcess(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
      env: { ...process.env, ...options.env, [workerIdVariable]: workerId },
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      // The child is in a process group of its own, so that Ctrl-C in the terminal reaches only the
      // parent.
      detached: true
    })
    let hasStopped = false
    const reports = new ChildReports((question) => void child.send(question, () => {}))
    child.on("message", (message) => {
      if (message === "stopped") hasStopped = true
      if (message === "listening") Deferred.doneUnsafe(listening, Effect.void)
      if (message === "ready") Deferred.doneUnsafe(ready, Effect.void)
      if (message === "cancelling") Deferred.doneUnsafe(cancelling, Effect.void)
      reports.heard(message, Date.now())
    })
    // Not "exit", which may come before the child's last message.
    child.once("close", (code, signal) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`
      const isClean = code === 0 && hasStopped
      Deferred.doneUnsafe(ended, Effect.succeed({ isClean, isSilent: !isClean && !code, how }))
    })
    // Sending to a child that has just died fails; its exit is reported anyway.
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
    return {
      pid: child.pid,
      workerId,
      number,
      reports,
      listening,
      ready,
      late,
      cancelling,
      ended,
      stop,
      signal
    }
  })
