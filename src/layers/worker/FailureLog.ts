/**
 * Says which jobs failed, and why, a line each; of a flood, so many lines a second and then how
 * many more. The errors are in the database in any case.
 */
import { Duration, Effect } from "effect"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import * as LogFields from "./LogFields.ts"

export interface FailureLog {
  /** What became of the job after it failed. */
  readonly warn: (job: LogFields.LoggedJob, settlement: Failure) => Effect.Effect<void>
}

/** A settlement that has an error. */
export type Failure = Extract<Settlement, { readonly error: string }>

export const make = (): FailureLog => {
  let written = 0
  let more = 0
  /** The queues of those that are left out. */
  const queues = new Set<string>()

  const summarize = Effect.suspend(() => {
    const fields = { queues: Array.from(queues), count: more }
    written = 0
    more = 0
    queues.clear()
    return fields.count === 0
      ? Effect.void
      : Effect.annotateLogs(
        Effect.logWarning(`${fields.count} more jobs failed; their errors are in the database`),
        fields
      )
  })

  return {
    warn: (job, settlement) => {
      if (written >= linesMax) {
        more++
        queues.add(job.queue)
        return Effect.void
      }
      const what = `${LogFields.wordsFor([job])}: ${ErrorText.summary(settlement.error)}`
      const line = Effect.logWarning(`${what}; ${consequence(settlement)}`).pipe(
        Effect.annotateLogs(LogFields.ofJob(job))
      )
      if (written++ > 0) return line
      return Effect.andThen(line, Effect.forkDetach(Effect.delay(summarize, "1 second")))
    }
  }
}

const consequence = (settlement: Failure): string => {
  switch (settlement._tag) {
    case "Retried":
      return `tried again in ${shortly(settlement.delay)}`
    case "Unhandled":
      return `unhandled, and tried again in ${shortly(settlement.delay)}`
    case "Failed":
      return settlement.blocksLane
        ? "failed for good, and holds up its key until somebody retries or cancels it"
        : "failed for good"
  }
}

const shortly = (delay: Duration.Duration): string =>
  Duration.format(Duration.millis(Math.ceil(Duration.toMillis(delay))))

/** In a second. */
const linesMax = 100
