/**
 * Runs of a job that did not complete, as text for people and as JSON.
 */
import { Duration } from "effect"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { JobRun } from "../../domain/JobRun.ts"

export const line = ({ attempt, endedAt, error, outcome, ranFor }: JobRun): string => {
  const after = ranFor === undefined ? "" : ` after ${Duration.toMillis(ranFor)} ms`
  const why = error === undefined ? "" : `: ${ErrorText.summary(error)}`
  // An error may hold characters that a terminal obeys.
  return `attempt ${attempt} ${outcome} ${endedAt.toISOString()}${after}${why}`
    .replaceAll(/\p{Cc}/gu, " ")
}

export const json = ({ error, id, nextAt, ranFor, ...run }: JobRun) => ({
  id: String(id),
  ...run,
  ranMs: ranFor === undefined ? null : Duration.toMillis(ranFor),
  nextAt: nextAt ?? null,
  error: error ?? null
})
