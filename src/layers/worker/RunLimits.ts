/**
 * How long a run may take, and how long it may go on after pgq has interrupted it.
 */
import { Duration, Effect, Latch, type Scope } from "effect"
import { JobInterrupted } from "../../domain/Errors.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as Deadlines from "./Deadlines.ts"
import type { LaneRun } from "./LaneRun.ts"
import * as LogFields from "./LogFields.ts"

export interface RunLimits {
  /** A job of the run has started. */
  readonly begin: (run: LaneRun, timeout: Duration.Duration | undefined) => void
  /** pgq is about to interrupt the run. */
  readonly interrupted: (run: LaneRun) => void
  /** The job that has started has ended. */
  readonly end: (run: LaneRun, timeout: Duration.Duration | undefined) => void
  /** Waits until a run is stuck. */
  readonly hasStuck: Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*({ now, onTimeout, stuckAfter }: {
  readonly now: () => number
  /** Interrupts the run. */
  readonly onTimeout: (run: LaneRun) => void
  readonly stuckAfter: Duration.Duration
}): Effect.fn.Return<RunLimits, never, Scope.Scope> {
  const timeouts = yield* Deadlines.make({ now, onDue: (run) => Effect.sync(() => onTimeout(run)) })
  const hasStuck = yield* Latch.make()
  const stuck = yield* Deadlines.make({
    now,
    onDue: (run) => Effect.andThen(markStuck(run, stuckAfter), hasStuck.open)
  })
  const stuckMillis = Duration.toMillis(stuckAfter)
  return {
    begin: (run, timeout) => {
      if (timeout !== undefined) timeouts.begin(run, Duration.toMillis(timeout))
    },
    interrupted: (run) => {
      if (run.current !== undefined) stuck.begin(run, stuckMillis)
    },
    end: (run, timeout) => {
      if (timeout !== undefined) timeouts.end(run, Duration.toMillis(timeout))
      if (run.interruption !== undefined) stuck.end(run, stuckMillis)
    },
    hasStuck: hasStuck.await
  }
})

/** A stuck run keeps its slot and its lease: pgq never runs a job beside itself. */
const markStuck = (run: LaneRun, stuckAfter: Duration.Duration): Effect.Effect<void> => {
  const { current, interruption } = run
  if (current === undefined || interruption === undefined) return Effect.void
  run.isStuck = true
  const { message } = new JobInterrupted({ why: interruption })
  return EventLog.warning("job.stuck", {
    text: `${LogFields.wordsFor([current])} still runs ${Duration.format(stuckAfter)} after it ` +
      `was interrupted (${message}): it keeps its slot and its lease until its handler ends`,
    fields: LogFields.ofJob(current)
  })
}
