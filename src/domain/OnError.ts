/**
 * Rules for failed runs, as the kinds of an application declare them.
 */
import type { Duration, Schedule } from "effect"
import type { ClaimedJob } from "./JobRecord.ts"

/**
 * The answer of a rule: what becomes of a job whose run has failed. `retry`, `snooze`, `fail`,
 * `cancel` and `complete` make one. `E` is the error that a backoff is given.
 */
export type OnError<E = unknown> =
  | Retry<E>
  | Snooze
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Cancel" }
  | { readonly _tag: "Complete" }

interface Retry<in E> extends RetryOptions<E> {
  readonly _tag: "Retry"
}

interface Snooze extends SnoozeOptions {
  readonly _tag: "Snooze"
  readonly delay: Duration.Input
}

/** The options of a retry. Each defaults to what the job's kind says. */
export interface RetryOptions<in E = unknown> {
  /** The delays between the attempts. Defaults to full jitter between the kind's bounds. */
  readonly backoff?: Backoff<E> | undefined
  /**
   * Attempts before the job fails for good, counted over all its errors; at least 1. A job's own
   * `maxAttempts` overrides it. Defaults to the kind's.
   */
  readonly maxAttempts?: number | undefined
  /** Whether a keyed job holds its lane while it waits. Defaults to the kind's `onRetry`. */
  readonly lane?: Lane | undefined
}

/** The options of a snooze. */
export interface SnoozeOptions {
  /** Whether a keyed job holds its lane while it waits. Defaults to the kind's `onRetry`. */
  readonly lane?: Lane | undefined
}

/** With `"hold"`, no other job of the key runs while this one waits; with `"yield"`, the next. */
export type Lane = "hold" | "yield"

/**
 * The delays between attempts: an Effect `Schedule`, or a function from the number of failures, 1
 * after the first, and the error.
 *
 * A schedule is played again from its start at each failure, in a time that passes only by its
 * delays, and with this error as the input of each step. It must neither need services nor fail nor
 * wait. When it ends, the attempts are spent. A delay is at least 0 and at most ten years; any
 * other is brought into these bounds.
 */
export type Backoff<E = unknown> =
  | Schedule.Schedule<unknown, E>
  | ((failures: number, error: E) => Duration.Input)

/**
 * The rule for one error: an answer, or a pure function that gives one. A function that throws, or
 * gives anything else, counts as `retry()`.
 */
export type Rule<E = unknown> = OnError<E> | ((error: E, job: FailedJob) => OnError<E>)

/** A rule for each tag of the errors `E`, no fewer and no more. */
export type Rules<E> = [E] extends [Tagged]
  ? string extends E["_tag"] ? "each error of a kind needs a _tag of its own"
  : { readonly [Tag in E["_tag"]]: Rule<Extract<E, { readonly _tag: Tag }>> }
  : "each error of a kind needs a _tag of its own"

interface Tagged {
  readonly _tag: string
}

/** A rule's view of the job whose run has failed. `attempt` is the number of the run. */
export type FailedJob = Pick<
  ClaimedJob,
  "id" | "queue" | "name" | "key" | "priority" | "attempt" | "snoozeCount"
>

/**
 * Runs the job again later. It fails for good when its attempts are spent.
 *
 * @example
 * ```ts
 * import { Schedule, Schema } from "effect"
 * import { Job, OnError } from "pgq"
 *
 * class BankDown extends Schema.TaggedError<BankDown>()("BankDown", {}) {}
 *
 * export const Charge = Job.make("charge", {
 *   error: BankDown,
 *   onError: {
 *     BankDown: OnError.retry({ backoff: Schedule.exponential("1 second"), maxAttempts: 8 })
 *   }
 * })
 * ```
 */
export const retry = <E = unknown>(options: RetryOptions<E> = {}): OnError<E> => ({
  ...options,
  _tag: "Retry"
})

/**
 * Runs the job again after the delay, and uses no attempt: the work cannot be done yet. The delay
 * is at most ten years. A kind may limit the number of snoozes by `maxSnoozes`.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Job, OnError } from "pgq"
 *
 * class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
 *   retryAfter: Schema.Duration
 * }) {}
 *
 * export const Charge = Job.make("charge", {
 *   error: RateLimited,
 *   onError: { RateLimited: ({ retryAfter }) => OnError.snooze(retryAfter, { lane: "yield" }) }
 * })
 * ```
 */
export const snooze = (delay: Duration.Input, options: SnoozeOptions = {}): OnError => ({
  ...options,
  _tag: "Snooze",
  delay
})

/**
 * Fails the job for good: no further attempt can succeed.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Job, OnError } from "pgq"
 *
 * class CardDeclined extends Schema.TaggedError<CardDeclined>()("CardDeclined", {}) {}
 *
 * export const Charge = Job.make("charge", {
 *   error: CardDeclined,
 *   onError: { CardDeclined: OnError.fail }
 * })
 * ```
 */
export const fail: OnError = { _tag: "Fail" }

/**
 * Ends the job as cancelled: nobody wants its work any more.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Job, OnError } from "pgq"
 *
 * class CustomerGone extends Schema.TaggedError<CustomerGone>()("CustomerGone", {}) {}
 *
 * export const Remind = Job.make("remind", {
 *   error: CustomerGone,
 *   onError: { CustomerGone: OnError.cancel }
 * })
 * ```
 */
export const cancel: OnError = { _tag: "Cancel" }

/**
 * Completes the job: its work is done already.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Job, OnError } from "pgq"
 *
 * class PaidBefore extends Schema.TaggedError<PaidBefore>()("PaidBefore", {}) {}
 *
 * export const Charge = Job.make("charge", {
 *   error: PaidBefore,
 *   onError: { PaidBefore: OnError.complete }
 * })
 * ```
 */
export const complete: OnError = { _tag: "Complete" }
