/**
 * Runs the jobs of one lane, one after the other, and records how each of them ended.
 */
import { Cause, Effect, Exit, Result } from "effect"
import { defaults } from "../../domain/JobKind.ts"
import { notWanted, Settlement, unknownName } from "../../domain/Settlement.ts"
import type { HandledJob, Handler, Handlers } from "../../services/Handlers.ts"
import { RunLogger } from "../../services/RunLogger.ts"
import type { Backlog } from "./Backlog.ts"
import type { Completing, TransactionalJob } from "./Completing.ts"
import type { Calls, LaneRun } from "./LaneRun.ts"
import type { Reports } from "./Reports.ts"
import type { RunLimits } from "./RunLimits.ts"
import type { RunRecorder } from "./RunRecorder.ts"
import type { RunSpans } from "./RunSpans.ts"
import type { Timings } from "./Timings.ts"

export interface Parts {
  readonly handlers: Handlers["Service"]
  readonly backlog: Backlog
  readonly calls: Calls
  readonly completing: Completing
  readonly recorder: RunRecorder
  readonly limits: RunLimits
  readonly reports: Reports
  /** Absent where no tracer is installed. */
  readonly spans?: RunSpans | undefined
  readonly timings: Timings
  readonly now: () => number
  /**
   * Whether the leases certainly belong to the worker. A job under another lease does not start;
   * reconciliation gives it back.
   */
  readonly isTrusted: () => boolean
}

export const make = (parts: Parts) => {
  const {
    backlog,
    calls,
    completing,
    handlers,
    isTrusted,
    limits,
    now,
    recorder,
    reports,
    spans,
    timings
  } = parts
  return Effect.fnUntraced(function*(run: LaneRun) {
    for (let job = run.next; job !== undefined; job = run.next) {
      if (!isTrusted()) run.interrupt("lost", now())
      if (run.interruption !== undefined) return
      const { payload } = job
      if (!backlog.isOpen || payload === undefined || run.isPaused(job)) {
        return recorder.record(run, Settlement.Released())
      }
      if (run.isRefused(job)) {
        yield* recorder.end(run, notWanted)
        continue
      }
      const handler = handlers.find(job.name)
      if (handler === undefined) return yield* recorder.end(run, unknownName(job))
      const { policy } = handler
      const view = run.begin(job, now(), calls)
      limits.begin(run, policy.timeout)
      const isPlain = policy.log === undefined && policy.transactional === undefined
      const running = isPlain && spans === undefined
        ? call(handler, payload, view)
        : special(parts, run, {
          job,
          handler,
          running: Effect.suspend(() => call(handler, payload, view))
        })
      // This fiber cannot be interrupted while it records the end of a run. The handler allows
      // interruption where it may be interrupted.
      const exit = Exit.isExit(running) ? running : yield* Effect.exit(running)
      if (run.completion === "asked") yield* completing.learn(run, job)
      const endedAt = now()
      timings.learn(run, endedAt, backlog.size)
      limits.end(run, policy.timeout)
      run.end(endedAt)
      if (run.completion === "committed") {
        reports.drop(run)
        yield* recorder.completed(run, exit)
        continue
      }
      const lastReport = reports.end(run)
      if (run.isLost) return recorder.lost(job)
      const settlement = recorder.of(run, { job, exit, policy })
      if (lastReport !== undefined) yield* lastReport
      if (run.isLost) return recorder.lost(job)
      if (settlement._tag === "Completed" && settlement.result?.error === undefined) {
        recorder.record(run, settlement)
      } else yield* recorder.end(run, settlement)
    }
  })
}

/**
 * A handler may return a value that is not an Effect from `flatMap`; such a value kills the fiber
 * past `Effect.exit`. That job has failed, and the rest of its lane goes on. Answers the log line.
 */
export const makeBroken =
  ({ backlog, handlers, limits, now, recorder, reports }: Parts) =>
  (run: LaneRun | undefined, exit: Exit.Failure<unknown, unknown>): Effect.Effect<void> => {
    const job = run?.next
    if (run === undefined || job === undefined) {
      // The fiber was interrupted while it recorded the end of a run.
      if (Cause.hasInterruptsOnly(exit.cause)) return Effect.void
      return recorder.sayBrokenOff(run, exit.cause)
    }
    const policy = handlers.find(job.name)?.policy ?? defaults
    limits.end(run, policy.timeout)
    run.end(now())
    reports.drop(run)
    if (run.completion === "committed") {
      const said = recorder.completed(run, exit)
      if (run.next !== undefined) backlog.putBack(run)
      return said
    }
    if (run.isLost) return Effect.sync(() => recorder.lost(job))
    const settlement = Result.getOrElse(
      Result.try(() => recorder.of(run, { job, exit, policy })),
      // A retry policy with impossible values crashes the run, too.
      () => recorder.of(run, { job, exit, policy: defaults })
    )
    const said = recorder.end(run, settlement)
    if (run.next !== undefined) backlog.putBack(run)
    return said
  }

/** A run of a kind that keeps log lines or is transactional, or a run in a span. */
const special = (
  { completing, reports, spans }: Parts,
  run: LaneRun,
  given: TransactionalJob
): Effect.Effect<unknown, unknown> => {
  const { log, transactional } = given.handler.policy
  const logging = log === undefined
    ? given.running
    : Effect.provideService(given.running, RunLogger, reports.logger(run, given.job, log))
  const whole = transactional === undefined
    ? logging
    : completing.run(run, { ...given, running: logging })
  return spans === undefined ? whole : spans.around(run, given.job, whole)
}

const call = (
  handler: Handler,
  payload: string,
  view: HandledJob
): Effect.Effect<unknown, unknown> => {
  try {
    return handler.run(JSON.parse(payload), view)
  } catch (defect) {
    return Exit.die(defect)
  }
}
