/**
 * A search for jobs, as its text in a page, a request or a command says it. `JobQueryText` reads
 * and prints the text.
 */
import { Schema } from "effect"

/** The states of jobs that have not ended. */
export const waitingStates = [
  "ready",
  "waiting",
  "running",
  "scheduled",
  "retry",
  "blocked",
  "paused"
] as const

/** The outcomes of jobs that have ended. */
export const outcomes = [
  "completed",
  "failed",
  "crashed",
  "cancelled",
  "expired",
  "discarded"
] as const

export const states = [...waitingStates, ...outcomes] as const

/** Whether and why a job waits, that it runs, or how it has ended. */
export const JobState = Schema.Literals(states)
export type JobState = typeof JobState.Type

/** The greatest number that PostgreSQL stores. */
export const numberMax = 2n ** 63n - 1n

const Whole = Schema.BigInt.check(
  Schema.isBetweenBigInt({ minimum: -numberMax, maximum: numberMax })
)

/** Whole numbers from `from` to `to`, both included. At least one of them is there. */
export const Range = Schema.Struct({
  from: Schema.optionalKey(Whole),
  to: Schema.optionalKey(Whole)
}).check(
  Schema.makeFilter(({ from, to }) =>
    from !== undefined && to !== undefined ? from <= to : from !== undefined || to !== undefined
  )
)
export interface Range extends Schema.Schema.Type<typeof Range> {}

/** A text that is the parts, with any text between one part and the next. */
export const Pattern = Schema.Array(Schema.String).check(
  Schema.makeFilter((parts) => parts.length > 1 || (parts[0] ?? "") !== "")
)
export type Pattern = typeof Pattern.Type

/** The longest time in milliseconds: 36,500 days. */
export const spanMax = 36_500 * 86_400_000

/** A length of time in milliseconds. */
const Span = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: spanMax }))

/** A time: so long ago, the last time of a minute of the day by UTC, or a time in ISO 8601. */
export const Since = Schema.Union([
  Schema.TaggedStruct("Ago", { millis: Span }),
  Schema.TaggedStruct("Clock", {
    minute: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1439 }))
  }),
  Schema.TaggedStruct("At", {
    millis: Schema.Int.check(Schema.isBetween({
      minimum: 0,
      maximum: Date.UTC(9999, 11, 31)
    }))
  })
])
export type Since = typeof Since.Type

/** A field of the payload, by its path, and its value as the text of a JSON scalar. */
export const PayloadField = Schema.Struct({
  path: Schema.Array(Schema.String).check(Schema.isMinLength(1)),
  value: Schema.String
})
export interface PayloadField extends Schema.Schema.Type<typeof PayloadField> {}

const Text = Schema.String.check(Schema.isMinLength(1))

/** The terms of a search. A job is found that fits all of them. */
export const JobQuery = Schema.Struct({
  id: Schema.optionalKey(Range),
  /** One of these states, in the order of `states`. */
  state: Schema.optionalKey(Schema.Array(JobState).check(Schema.isMinLength(1))),
  queue: Schema.optionalKey(Text),
  name: Schema.optionalKey(Pattern),
  key: Schema.optionalKey(Text),
  priority: Schema.optionalKey(Range),
  attempt: Schema.optionalKey(Range),
  /** The label or the id of the worker that has the job. */
  worker: Schema.optionalKey(Pattern),
  /** The job was added, or has ended, at least so long ago. */
  older: Schema.optionalKey(Span),
  /** The job was added, or has ended, at this time or later. */
  since: Schema.optionalKey(Since),
  /** A part of the error. */
  error: Schema.optionalKey(Text),
  payload: Schema.optionalKey(Schema.Array(PayloadField).check(Schema.isMinLength(1))),
  /** A part of the payload or of the error. */
  text: Schema.optionalKey(Text)
})
export interface JobQuery extends Schema.Schema.Type<typeof JobQuery> {}

/**
 * A search that cannot be meant. `issue` is one sentence for people, and `position` is the place in
 * the text of the search where it applies, from 0.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Insight } from "pgq"
 *
 * export const program = Insight.use((insight) => insight.jobs({ query: "state:lost" })).pipe(
 *   Effect.catchTag("JobQueryInvalid", ({ issue, position }) =>
 *     Effect.logInfo(`${" ".repeat(position)}^ ${issue}`))
 * )
 * ```
 */
export class JobQueryInvalid extends Schema.TaggedError<JobQueryInvalid>()("JobQueryInvalid", {
  issue: Schema.String,
  position: Schema.Int
}) {
  override get message(): string {
    return `the search, at character ${this.position + 1}: ${this.issue}`
  }
}

/** Whether the search looks into payloads, which are not for everybody. */
export const readsPayloads = ({ payload, text }: JobQuery): boolean =>
  payload !== undefined || text !== undefined

export const isOutcome = (state: JobState): state is (typeof outcomes)[number] =>
  outcomes.some((outcome) => outcome === state)
