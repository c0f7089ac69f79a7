/**
 * Runs jobs of one lane, one after the other, and says how each of them ended.
 */
import { Cause, Effect, Exit, Result } from "effect"
import { defaults } from "../../domain/JobKind.ts"
import type { RunningJob } from "../../domain/JobRecord.ts"
import { Settlement, unknownName } from "../../domain/Settlement.ts"
import type { Handler, Handlers } from "../../services/Handlers.ts"
import type { Backlog } from "./Backlog.ts"
import type { LaneRun } from "./LaneRun.ts"
import type { RunRecorder } from "./RunRecorder.ts"
import type { Timings } from "./Timings.ts"

export interface Parts {
  readonly handlers: Handlers["Service"]
  readonly backlog: Backlog
  readonly recorder: RunRecorder
  readonly timings: Timings
  readonly now: () => number
  /**
   * Whether the leases are certainly ours still. A job whose lease is not does not start; the lease
   * goes back later.
   */
  readonly isTrusted: () => boolean
}

export const make = ({ backlog, handlers, isTrusted, now, recorder, timings }: Parts) =>
  Effect.fnUntraced(function*(run: LaneRun) {
    for (let job = run.next; job !== undefined; job = run.next) {
      if (!isTrusted()) run.lose()
      if (run.isLost) return
      const { payload } = job
      if (!backlog.isOpen || run.isCancelled || payload === undefined) {
        return recorder.record(run, Settlement.Released())
      }
      const handler = handlers.find(job.name)
      if (handler === undefined) return yield* recorder.end(run, unknownName(job))
      const running = call(handler, payload, run.begin(job, now()))
      // This fiber cannot be interrupted where it records how a run ended; the handler says where
      // it can.
      const exit = Exit.isExit(running) ? running : yield* Effect.exit(running)
      timings.learn(run, now(), backlog.size)
      run.end()
      if (run.isLost) return
      const settlement = recorder.of(run, { job, exit, policy: handler.policy })
      if (settlement._tag === "Completed") recorder.record(run, settlement)
      else yield* recorder.end(run, settlement)
    }
  })

/**
 * Some failures end the fiber past every `Effect.exit`: a handler's Effect may go on with a value
 * that is none. The job at hand has failed of it; the others of its lane have not. Answers with
 * what there is to say of it.
 */
export const makeBroken =
  ({ backlog, handlers, recorder }: Parts) =>
  (run: LaneRun | undefined, exit: Exit.Failure<unknown, unknown>): Effect.Effect<void> => {
    const job = run?.next
    if (run === undefined || job === undefined) {
      // It was interrupted while the end of its run was being recorded.
      if (Cause.hasInterruptsOnly(exit.cause)) return Effect.void
      return recorder.sayBrokenOff(run, exit.cause)
    }
    run.end()
    if (run.isLost) return Effect.void
    const policy = handlers.find(job.name)?.policy ?? defaults
    const settlement = Result.getOrElse(
      Result.try(() => recorder.of(run, { job, exit, policy })),
      // A policy that cannot be computed with breaks a run off, too.
      () => recorder.of(run, { job, exit, policy: defaults })
    )
    const said = recorder.end(run, settlement)
    if (run.next !== undefined) backlog.putBack(run)
    return said
  }

const call = (
  handler: Handler,
  payload: string,
  view: RunningJob
): Effect.Effect<unknown, unknown> => {
  try {
    return handler.run(JSON.parse(payload), view)
  } catch (defect) {
    return Exit.die(defect)
  }
}
