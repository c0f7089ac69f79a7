/**
 * Says which jobs failed, and why, a line each; of a flood, so many lines a second and then how many
 * more. The errors are in the database in any case.
 */
import { Effect } from "effect"
import * as ErrorText from "../domain/ErrorText.ts"
import type { ClaimedJob } from "../domain/Job.ts"

export interface FailureLog {
  readonly warn: (job: Pick<ClaimedJob, "id" | "name">, error: string) => Effect.Effect<void>
}

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
    warn: (job, error) => {
      if (written >= linesMax) {
        more++
        return Effect.void
      }
      const line = Effect.logWarning(`job ${job.id} (${job.name}): ${ErrorText.summary(error)}`)
      if (written++ > 0) return line
      return Effect.andThen(line, Effect.forkDetach(Effect.delay(summarize, "1 second")))
    }
  }
}

/** In a second. */
const linesMax = 100
