/**
 * Rules for errors that threw, or answered with something that is no `OnError`. The log has one
 * line for each kind of job: such a rule is a mistake in the application, and each run repeats it.
 */
import { Cause, Effect } from "effect"
import * as EventLog from "../effects/EventLog.ts"
import * as LogFields from "./LogFields.ts"

export interface BrokenRules {
  readonly add: (job: LogFields.LoggedJob, defect: unknown) => void
  /** Logs the rules that were added since the last time. */
  readonly say: Effect.Effect<void>
}

export const make = (): BrokenRules => {
  const said = new Set<string>()
  let lines: ReadonlyArray<Effect.Effect<void>> = []
  return {
    add: (job, defect) => {
      if (said.has(job.name)) return
      said.add(job.name)
      lines = [...lines, lineFor(job, defect)]
    },
    say: Effect.suspend(() => {
      const now = lines
      lines = []
      return Effect.all(now, { discard: true })
    })
  }
}

const lineFor = (job: LogFields.LoggedJob, defect: unknown): Effect.Effect<void> =>
  EventLog.error("job.rule-failed", {
    text: `a rule of "${job.name}" for a failed run is broken; runs that fall under it are tried ` +
      "again",
    fields: LogFields.ofJob(job),
    cause: Cause.die(defect)
  })
