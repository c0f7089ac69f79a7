/**
 * Says which jobs failed, and why, a line each; of a flood, so many lines a second and then how many
 * more. The errors are in the database in any case.
 */
import { Duration, Effect } from "effect"
import * as ErrorText from "../domain/ErrorText.ts"
import type { ClaimedJob } from "../domain/Job.ts"
import type { Settlement } from "../domain/Settlement.ts"

export interface FailureLog {
  /** What became of the job after it failed. */
  readonly warn: (
    job: Pick<ClaimedJob, "id" | "queue" | "name" | "key" | "attempt">,
    settlement: Failure
  ) => Effect.Effect<void>
}

/** A settlement that has an error. */
export type Failure = Extract<Settlement, { readonly error: string }>

export const make = (): FailureLog => {
  let written = 0
  let more = 0

  const summarize = Effect.suspend(() => {
    const count = more
    written = 0
    more = 0
    return count === 0
      ? Effect.void
      : Effect.logWarning(`${count} more jobs failed; their errors are in the database`)
  })

  return {
    warn: (job, settlement) => {
      if (written >= linesMax) {
        more++
        return Effect.void
      }
      const what = `job ${job.id} (${job.name}): ${ErrorText.summary(settlement.error)}`
      const line = Effect.logWarning(`${what}; ${consequence(settlement)}`).pipe(
        Effect.annotateLogs({
          queue: job.queue,
          job: job.id,
          attempt: job.attempt,
          ...(job.key === undefined ? {} : { key: job.key })
        })
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
    case "PutOff":
      return `put off for ${shortly(settlement.delay)}`
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
