/**
 * One job in three forms: new, claimed by a worker, and running in a handler.
 */
import { Duration, Option, Result } from "effect"
import { JobInvalid } from "./Errors.ts"

/** A job to add. `payload` is JSON text. */
export interface NewJob {
  readonly queue: string
  readonly name: string
  readonly payload: string
  readonly key: string | undefined
  readonly priority: number
  /** The job starts at this time or later, by the database's clock. */
  readonly runAt: Date | undefined
  /** The job starts this long after it was stored, or later. */
  readonly delay: Duration.Duration | undefined
  readonly maxAttempts: number | undefined
  /** The job expires at this time, by the database's clock. */
  readonly expiresAt: Date | undefined
  /** The job expires this long after it may start first. */
  readonly expiresIn: Duration.Duration | undefined
  /** The trace that the job takes part in: see `Traceparent`. */
  readonly traceparent?: string | undefined
}

/** A job taken by a worker, under the lease it was claimed with. */
export interface ClaimedJob {
  readonly id: bigint
  readonly lease: string
  readonly queue: string
  readonly name: string
  /**
   * JSON text. `undefined` if the claim's byte budget was spent or the row was deleted; the job is
   * then released, not run.
   */
  readonly payload: string | undefined
  readonly key: string | undefined
  readonly priority: number
  /** The number of this attempt; the first is 1. */
  readonly attempt: number
  readonly maxAttempts: number | undefined
  /** How often the worker that claimed it had no handler of its name. */
  readonly unhandledCount: number
  /** How often it was snoozed since its last failed run. */
  readonly snoozeCount: number
  /** When it expires, as the claim saw it; `undefined` is never. */
  readonly expiresAt: Date | undefined
  /** Whether it was in a lease whose worker died. */
  readonly isSuspect: boolean
  /** Milliseconds from the time that it was due until its claim, by the database's clock. */
  readonly waited?: number | undefined
  /** The trace that it takes part in. The text may be none of a trace. */
  readonly traceparent?: string | undefined
  /** Whether it takes part in a trace, and was for later at some time. */
  readonly wasScheduled?: boolean | undefined
}

/** A handler's view of its job. */
export interface RunningJob {
  readonly id: bigint
  readonly name: string
  readonly key: string | undefined
  readonly priority: number
  /** The number of this attempt; the first is 1. */
  readonly attempt: number
  /**
   * When the job expires, by the database's clock, as it was when the worker took the job;
   * `undefined` if it never does. A run goes on, so a handler that must not work for a job that is
   * out of date compares this with the clock.
   */
  readonly expiresAt: Date | undefined
  /** The payload as JSON text, with every digit of its numbers: JavaScript rounds them. */
  readonly payloadText: string
  /** Aborted when the run is interrupted; its reason is a `JobInterrupted`. */
  readonly signal: AbortSignal
  /**
   * Says how far the run has come: the share of its work that is done, from 0 to 1, and any `data`
   * of up to 8 KiB as JSON. Returns at once. Of the reports of a second the last one is kept, for
   * whoever observes the job. A report that cannot be kept is logged once a run, and changes
   * nothing else.
   */
  readonly progress: (fraction: number, data?: unknown) => void
  /** The job as `JSON.stringify` writes it. */
  readonly toJSON: () => JobJson
}

/** A running job as JSON, which has no 64-bit integers. */
export interface JobJson {
  readonly id: string
  readonly name: string
  readonly key?: string | undefined
  readonly priority: number
  readonly attempt: number
}

/**
 * The options of a job beside its kind and payload. Values out of bounds fail with `JobInvalid`.
 */
export type EnqueueOptions = StartOptions & Expiry

/** When a job expires that has not ended: at most one of the two. Defaults to its kind's. */
export type Expiry =
  | {
    /**
     * The job expires this long after it was stored, or after the time at which it may start if
     * that is later, by the database's clock. From 0 to 100 years.
     */
    readonly expiresIn?: Duration.Input | undefined
    readonly expiresAt?: undefined
  }
  | {
    /** The job expires at this time, by the database's clock; at once if the time has passed. */
    readonly expiresAt?: Date | undefined
    readonly expiresIn?: undefined
  }

/** The options of a job but for its expiry. */
export interface StartOptions {
  /** Jobs that share a key run one at a time, in order. 1 to 512 bytes; defaults to no key. */
  readonly key?: string | undefined
  /** A whole number of 32 bits; higher runs first. Defaults to 0. */
  readonly priority?: number | undefined
  /** The job starts at this time or later, by the database's clock. Excludes `delay`. */
  readonly runAt?: Date | undefined
  /**
   * The job starts this long after it was stored, or later, by the database's clock; at most 100
   * years. Excludes `runAt`.
   */
  readonly delay?: Duration.Input | undefined
  /** Attempts before the job fails for good, at least 1. Defaults to its kind's. */
  readonly maxAttempts?: number | undefined
  /** The queue that the job waits in, 1 to 63 bytes. Defaults to "default". */
  readonly queue?: string | undefined
  /**
   * Of all unfinished jobs of one name, one at most has this key. 1 to 4096 bytes; `false` is none.
   * Defaults to the key that the kind makes, if its jobs are unique.
   */
  readonly uniqueKey?: string | false | undefined
}

/** The largest payload, as JSON text. The table holds the same bound for jobs inserted by hand. */
export const payloadBytesMax = 1_048_576
export const nameBytesMax = 128
export const keyBytesMax = 512
export const queueBytesMax = 63
/**
 * A hundred years: the longest delay of a job, and the longest time that the command line takes.
 */
export const delayMax = Duration.days(36_500)
export const defaultQueue = "default"

/**
 * Checks a job before anything is sent, so that a mistake costs one clear sentence and no round
 * trip.
 */
export const newJob = (
  name: string,
  payload: string,
  options: CheckedOptions = {}
): Result.Result<NewJob, JobInvalid> => {
  const job: NewJob = {
    queue: options.queue ?? defaultQueue,
    name,
    payload,
    key: options.key,
    priority: options.priority ?? 0,
    runAt: options.runAt,
    delay: options.delay === undefined ? undefined : durationOf(options.delay),
    maxAttempts: options.maxAttempts,
    expiresAt: options.expiresAt,
    expiresIn: options.expiresIn === undefined ? undefined : durationOf(options.expiresIn)
  }
  const issue = textIssue("the job's name", job.name, nameBytesMax) ??
    textIssue("the queue's name", job.queue, queueBytesMax) ??
    (job.key === undefined ? undefined : textIssue("the key", job.key, keyBytesMax)) ??
    payloadIssue(job.payload) ??
    integerIssue("the priority", job.priority, -2_147_483_648) ??
    (job.maxAttempts === undefined
      ? undefined
      : integerIssue("the number of attempts", job.maxAttempts, 1)) ??
    startIssue(job) ?? expiryIssue(job)
  return issue === undefined ? Result.succeed(job) : Result.fail(new JobInvalid({ issue }))
}

/** Options of which the types have not told whether they exclude each other. */
interface CheckedOptions extends StartOptions {
  readonly expiresAt?: Date | undefined
  readonly expiresIn?: Duration.Input | undefined
}

/** An input that is not a duration becomes infinite, which the check refuses. */
export const durationOf = (input: Duration.Input): Duration.Duration => {
  const parts: ReadonlyArray<unknown> = typeof input === "object" && input !== null
    ? Object.values(input)
    : [input]
  return parts.some(Number.isNaN)
    ? Duration.infinity
    : Option.getOrElse(Duration.fromInput(input), () => Duration.infinity)
}

export const textIssue = (what: string, text: string, bytesMax: number): string | undefined => {
  if (text === "") return `${what} is empty`
  if (text.includes("\0")) return `${what} contains a NUL character, which PostgreSQL cannot store`
  if (!text.isWellFormed()) return `${what} contains half of a surrogate pair`
  const bytes = Buffer.byteLength(text)
  return bytes > bytesMax ? `${what} has ${bytes} bytes; at most ${bytesMax} fit` : undefined
}

const payloadIssue = (payload: string): string | undefined => {
  const bytes = Buffer.byteLength(payload)
  if (bytes > payloadBytesMax) {
    return `the payload has ${bytes} bytes; at most ${payloadBytesMax} fit`
  }
  return !payload.isWellFormed() || hasUnstorableEscape(payload)
    ? "the payload contains a NUL character or half of a surrogate pair, " +
      "which PostgreSQL cannot store"
    : undefined
}

const hasUnstorableEscape = (json: string): boolean => {
  if (!json.includes("\\u")) return false
  for (const [, unstorable] of json.matchAll(escapes)) if (unstorable !== undefined) return true
  return false
}

// JSON.stringify escapes only lone surrogates, but other programs escape whole pairs, which can be
// stored. The pattern reads every escape from its start, so that an escaped backslash does not
// begin another one.
const escapes = /\\(?:ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u(0000|d[89a-f][0-9a-f]{2})|.)/gis

const integerIssue = (what: string, value: number, min: number): string | undefined =>
  Number.isInteger(value) && value >= min && value <= 2_147_483_647
    ? undefined
    : `${what} must be a whole number from ${min} to 2147483647`

const startIssue = ({ delay, runAt }: NewJob): string | undefined => {
  if (runAt !== undefined && delay !== undefined) {
    return "give a time to run at or a delay, not both"
  }
  if (delay !== undefined) return lengthIssue("the delay", delay)
  return isOfThisEra(runAt) ? undefined : "the time to run at is not a date of this era"
}

const expiryIssue = ({ expiresAt, expiresIn }: NewJob): string | undefined => {
  if (expiresAt !== undefined && expiresIn !== undefined) {
    return "give a time to expire at or a time to expire in, not both"
  }
  if (expiresIn !== undefined) return lengthIssue("the time to expire in", expiresIn)
  return isOfThisEra(expiresAt) ? undefined : "the time to expire at is not a date of this era"
}

export const lengthIssue = (what: string, length: Duration.Duration): string | undefined =>
  Duration.between(length, { minimum: Duration.zero, maximum: delayMax })
    ? undefined
    : `${what} is not a duration from 0 to ${Duration.toDays(delayMax)} days`

const isOfThisEra = (date: Date | undefined): boolean => {
  const year = date?.getUTCFullYear() ?? 1
  return year >= 1 && year <= 9999
}
