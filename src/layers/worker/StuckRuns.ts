/**
 * The end of a process with a stuck run, for workers that shall not wait for such a run.
 *
 * Nothing else ends a promise that ignores its signal. Its job must not run elsewhere before: so
 * the process dies, and its parent or the lease's end hands the job on.
 */
import { type Duration, Effect, type Scope } from "effect"
import type { StopMode } from "../../domain/StopMode.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import type { Settler } from "./Settler.ts"

export interface Options {
  readonly stuck: {
    /** How long an interrupted run may go on before it counts as stuck. */
    readonly after: Duration.Duration
    /** Whether a stuck run ends the process. */
    readonly isFatal: boolean
  }
  readonly runs: JobRunner
  readonly settler: Settler
  readonly stop: (asked: StopMode) => void
}

/** Kills the process when a run is stuck and all others are settled. */
export const watch = Effect.fnUntraced(function*(
  { runs, settler, stop, stuck }: Options
): Effect.fn.Return<void, never, Scope.Scope> {
  if (!stuck.isFatal) return
  const end = Effect.gen(function*() {
    yield* runs.hasStuck
    const jobs = runs.running().flatMap(({ isStuck, job }) => isStuck ? [job] : [])
    yield* EventLog.error("worker.killed", {
      text: `${LogFields.wordsFor(jobs)} is stuck: the process is killed when its other jobs are ` +
        "settled",
      fields: LogFields.ofJobs(jobs)
    })
    stop("finish")
    const areSettled = Effect.repeat(Effect.sleep("50 millis"), {
      until: () => runs.running().every(({ isStuck }) => isStuck) && settler.size() === 0
    })
    yield* Effect.timeoutOption(areSettled, stuck.after)
    process.kill(process.pid, "SIGKILL")
  })
  yield* Effect.forkScoped(end)
})
