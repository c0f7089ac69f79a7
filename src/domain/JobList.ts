/**
 * Lists of jobs that a search has found. All values are those of JSON: ids are texts, times are ISO
 * texts.
 */
import { Result, Schema } from "effect"
import { JobInvalid } from "./Errors.ts"
import { type JobQuery, type JobQueryInvalid, JobState } from "./JobQuery.ts"
import * as JobQueryText from "./JobQueryText.ts"

const At = Schema.NullOr(Schema.String)

/** A job in a list. */
export const JobRow = Schema.Struct({
  id: Schema.String,
  state: JobState,
  name: Schema.String,
  queue: Schema.String,
  key: Schema.NullOr(Schema.String),
  priority: Schema.Finite,
  /** The number of the present run, or of the last one that was not cut short; 0 before it. */
  attempt: Schema.Finite,
  /** `null` leaves it to the kind. */
  maxAttempts: Schema.NullOr(Schema.Finite),
  createdAt: Schema.String,
  /** When the job may start; `null` for one that may at once, is blocked, runs or has ended. */
  dueAt: At,
  endedAt: At,
  /** The label of the worker that has the job. */
  worker: Schema.NullOr(Schema.String),
  /** The first line, of 200 characters at most. */
  error: Schema.NullOr(Schema.String)
})
export interface JobRow extends Schema.Schema.Type<typeof JobRow> {}

/** A part of the jobs that a search finds, and how far it has looked. */
export const JobPage = Schema.Struct({
  /** Those that have not ended come first, the newest of them first; then the newest ends. */
  items: Schema.Array(JobRow),
  /** The cursor to look further from; `null` if there is nothing further. */
  next: Schema.NullOr(Schema.String),
  scanned: Schema.Struct({
    /** The number of jobs that this part of the search has looked at. */
    rows: Schema.Finite,
    /** When the last one of them was added, or has ended; `null` if it has looked at none. */
    downTo: At,
    /** Whether the search has looked at all jobs that it could find. */
    isComplete: Schema.Boolean
  })
})
export interface JobPage extends Schema.Schema.Type<typeof JobPage> {}

/** The jobs to list. */
export interface JobSearch {
  /** The search, as text or as a value. Left out, it finds all jobs. */
  readonly query?: string | JobQuery | undefined
  /** The `next` of the part before. */
  readonly after?: string | undefined
  /** The most jobs: from 1 to 1,000, else 50. */
  readonly limit?: number | undefined
}

export interface Asked {
  readonly query: JobQuery
  readonly limit: number
}

const limitMax = 1000

export const asked = (
  { limit = 50, query = "" }: JobSearch
): Result.Result<Asked, JobInvalid | JobQueryInvalid> =>
  Number.isInteger(limit) && limit >= 1 && limit <= limitMax
    ? Result.map(
      typeof query === "string" ? JobQueryText.parse(query) : Result.succeed(query),
      (query) => ({ query, limit })
    )
    : Result.fail(new JobInvalid({ issue: `the limit is not a number from 1 to ${limitMax}` }))

export const badCursor = new JobInvalid({ issue: "\"after\" is no cursor of a list of jobs" })

/** The first line of an error. */
export const errorLine = (error: string | null | undefined): string | null =>
  error === null || error === undefined ? null : (error.split("\n", 1)[0] ?? "").slice(0, 200)
