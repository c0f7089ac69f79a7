/**
 * The shapes that the API answers and takes: JSON as it is, with ids as text, times in ISO 8601,
 * and lengths of time in seconds.
 */
import { Duration, Schema } from "effect"
import type { LogLine } from "../domain/JobLog.ts"
import type { JobRun } from "../domain/JobRun.ts"
import type { Pause } from "../domain/Pause.ts"
import type { Reason, Why } from "../domain/Why.ts"

/** The id of a job. */
export const JobId = Schema.String.check(
  Schema.isPattern(/^[0-9]{1,19}$/, { message: "not the id of a job" })
)

/** A time with its zone. */
export const Time = Schema.String.check(
  Schema.isPattern(/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/, {
    message: "not a time with a zone such as 2030-01-31T09:00:00+01:00"
  })
)

const At = Schema.NullOr(Schema.String)

export const ReasonView = Schema.Struct({
  code: Schema.String,
  detail: Schema.String,
  since: At,
  until: At,
  job: At,
  advice: At
})

export const WhyView = Schema.Struct({
  verdict: Schema.Literals(["running", "waits", "finished", "unknown"]),
  reasons: Schema.Array(ReasonView)
})

export const RunView = Schema.Struct({
  attempt: Schema.Finite,
  queue: Schema.String,
  name: Schema.String,
  worker: Schema.String,
  claimedAt: Schema.String,
  endedAt: Schema.String,
  ranSeconds: Schema.NullOr(Schema.Finite),
  outcome: Schema.String,
  nextAt: At,
  error: At
})

export const LogView = Schema.Struct({ at: Schema.String, line: Schema.String })

export const JobView = Schema.Struct({
  id: Schema.String,
  /** `null` for a job that has ended. */
  name: Schema.NullOr(Schema.String),
  /** `null` for a job that has ended. */
  queue: Schema.NullOr(Schema.String),
  /** The key of its lane; `null` for a job without one, and for one that has ended. */
  key: Schema.NullOr(Schema.String),
  state: Schema.Literals([
    "waiting",
    "running",
    "completed",
    "failed",
    "crashed",
    "cancelled",
    "expired",
    "discarded"
  ]),
  /** JSON text; `null` for a job that has ended, and without the right to see payloads. */
  payload: Schema.NullOr(Schema.String),
  /** Stands for the payload, as the header `etag` does. */
  version: Schema.NullOr(Schema.String),
  why: WhyView,
  runs: Schema.Array(RunView)
})

export const PauseView = Schema.Struct({
  queue: Schema.String,
  name: Schema.NullOr(Schema.String),
  pausedAt: Schema.String,
  pausedBy: Schema.String,
  until: At,
  reason: At,
  cancelsRunning: Schema.Boolean
})

/** Figures over time: when each step begins, and values for each time. */
export const SeriesView = Schema.Struct({
  t: Schema.Array(Schema.String),
  series: Schema.Array(
    Schema.Struct({
      label: Schema.String,
      values: Schema.Array(Schema.NullOr(Schema.Finite))
    })
  )
})

/** The answer to a change: its name, and the worker that has the job where there is one. */
export const Answer = Schema.Struct({
  answer: Schema.Literals([
    "cancelled",
    "stopping",
    "redriven",
    "retried",
    "queued",
    "discarded",
    "edited"
  ]),
  worker: Schema.optionalKey(Schema.String)
})

const iso = (date: Date | undefined): string | null =>
  date === undefined ? null : date.toISOString()

export const ofReason = ({ advice, code, detail, job, since, until }: Reason) => ({
  code,
  detail,
  since: iso(since),
  until: iso(until),
  job: job === undefined ? null : String(job),
  advice: advice ?? null
})

export const ofWhy = ({ reasons, verdict }: Why) => ({ verdict, reasons: reasons.map(ofReason) })

export const ofRun = (run: JobRun) => ({
  attempt: run.attempt,
  queue: run.queue,
  name: run.name,
  worker: run.worker,
  claimedAt: run.claimedAt.toISOString(),
  endedAt: run.endedAt.toISOString(),
  ranSeconds: run.ranFor === undefined ? null : Duration.toSeconds(run.ranFor),
  outcome: run.outcome,
  nextAt: iso(run.nextAt),
  error: run.error ?? null
})

export const ofLog = ({ at, line }: LogLine) => ({ at: at.toISOString(), line })

export const ofPause = ({ name, pausedAt, reason, until, ...pause }: Pause) => ({
  ...pause,
  name: name ?? null,
  pausedAt: pausedAt.toISOString(),
  until: iso(until),
  reason: reason ?? null
})
