/**
 * Checks the wishes of operators before anything is sent, so that a mistake costs one clear
 * sentence and no round trip.
 */
import { Duration, Result } from "effect"
import type { FinishedSelection, JobChange, RetryEdit, RetryFilter, Start } from "./ByHand.ts"
import * as CancelInput from "./CancelInput.ts"
import { JobInvalid } from "./Errors.ts"
import { nameBytesMax, newJob, queueBytesMax, type StartOptions } from "./JobRecord.ts"

/** Single jobs. A caller in JavaScript may give anything as `as`. */
export const ofJobs = (
  ids: ReadonlyArray<bigint>,
  as?: unknown
): Result.Result<void, JobInvalid> =>
  refuse(
    Array.isArray(ids)
      ? ids.map(CancelInput.idIssue).find((issue) => issue !== undefined) ??
        (as === undefined || as === "same" || as === "new"
          ? undefined
          : "\"as\" is neither \"same\" nor \"new\"")
      : "the ids are not a list",
    undefined
  )

/** Many finished jobs. An application may name a kind in place of a name. */
export const ofMany = (
  { errorLike, name: of, outcome, queue, since }: FinishedSelection,
  { limit }: { readonly limit?: number | undefined }
): Result.Result<RetryFilter, JobInvalid> => {
  const name = typeof of === "object" && of !== null ? of.name : of
  const filter = { queue, name, outcome, since, errorLike }
  return refuse(
    filterIssue(filter) ?? outcomeIssue(outcome) ?? sinceIssue(since) ??
      CancelInput.limitIssue(limit),
    filter
  )
}

/** The new values of many finished jobs. */
export const ofRetryEdit = (
  { maxAttempts, priority }: RetryEdit = {}
): Result.Result<RetryEdit, JobInvalid> =>
  Result.map(
    newJob("edited", "{}", { maxAttempts, priority }),
    () => ({ maxAttempts, priority })
  )

/** The number of jobs a second. A caller in JavaScript may give anything as the rate. */
export const ofRate = (rate: unknown): Result.Result<number | undefined, JobInvalid> => {
  if (rate === undefined) return Result.succeed(undefined)
  const [, number = "", unit = ""] = typeof rate === "string" ? ratePattern.exec(rate) ?? [] : []
  const count = Number(number)
  return count >= 1 && count <= countMax
    ? Result.succeed(count / (seconds.get(unit) ?? 1))
    : Result.fail(
      new JobInvalid({
        issue: `the rate is not a whole number from 1 to ${countMax} with /s, /min or /h, ` +
          "such as 100/s"
      })
    )
}

const ratePattern = /^(\d{1,7})\/(s|min|h)$/
const countMax = 1_000_000
const seconds = new Map([["s", 1], ["min", 60], ["h", 3600]])

/** The runs of one job. */
export const ofRuns = (
  id: bigint,
  { limit }: { readonly limit: number }
): Result.Result<void, JobInvalid> =>
  refuse(CancelInput.idIssue(id) ?? CancelInput.limitIssue(limit), undefined)

/** The log of one job. */
export const ofLogs = (
  id: bigint,
  { limit, skip }: { readonly limit: number; readonly skip: number }
): Result.Result<void, JobInvalid> =>
  refuse(
    CancelInput.idIssue(id) ?? CancelInput.limitIssue(limit) ??
      (Number.isSafeInteger(skip) && skip >= 0
        ? undefined
        : "the number of lines to skip must be a whole number of 0 or more"),
    undefined
  )

/** The new values of one job, but for its payload. */
export interface Values extends Pick<StartOptions, "priority" | "runAt" | "delay" | "maxAttempts"> {
  /** The job expires at this time, by the database's clock. Excludes `expiresIn`. */
  readonly expiresAt?: Date | undefined
  /**
   * The job expires this long from now, or from the time at which it may start if that is later.
   * Excludes `expiresAt`.
   */
  readonly expiresIn?: Duration.Input | undefined
}

/** One job to edit. The payload is JSON text. */
export const ofEdit = (
  id: bigint,
  { payload, ...values }: Values & { readonly payload?: string | undefined }
): Result.Result<JobChange, JobInvalid> => {
  const issue = CancelInput.idIssue(id) ??
    (Object.values({ ...values, payload }).every((value) => value === undefined)
      ? "nothing of the job is to be changed"
      : undefined)
  if (issue !== undefined) return refuse(issue, {})
  const { delay, expiresAt, expiresIn, maxAttempts, priority, runAt } = values
  return Result.map(
    newJob("edited", payload ?? "{}", {
      delay,
      expiresAt,
      expiresIn,
      maxAttempts,
      priority,
      runAt
    }),
    (checked) => ({
      priority,
      payload,
      maxAttempts,
      start: momentOf(runAt, checked.delay),
      expiry: momentOf(expiresAt, checked.expiresIn)
    })
  )
}

const momentOf = (
  at: Date | undefined,
  length: Duration.Duration | undefined
): Start | undefined => length !== undefined ? { in: Duration.toMillis(length) } : at && { at }

const refuse = <A>(issue: string | undefined, otherwise: A): Result.Result<A, JobInvalid> =>
  issue === undefined ? Result.succeed(otherwise) : Result.fail(new JobInvalid({ issue }))

const filterIssue = ({ errorLike, name, outcome, queue, since }: RetryFilter) =>
  [queue, name, outcome, since, errorLike].every((field) => field === undefined)
    ? "name a queue, a name, an outcome, a time or a part of the error: " +
      "pgq does not try every job again"
    : (queue === undefined
      ? undefined
      : CancelInput.wordIssue("the queue's name", queue, queueBytesMax)) ??
      (name === undefined
        ? undefined
        : CancelInput.wordIssue("the job's name", name, nameBytesMax)) ??
      (errorLike === undefined
        ? undefined
        : CancelInput.wordIssue("the part of the error", errorLike, Infinity))

const outcomes: ReadonlyArray<unknown> = ["failed", "crashed", "cancelled", "expired", "discarded"]

const outcomeIssue = (outcome: unknown): string | undefined =>
  outcome === undefined || outcomes.includes(outcome)
    ? undefined
    : "the outcome is not failed, crashed, cancelled, expired or discarded"

const sinceIssue = (since: unknown): string | undefined =>
  since === undefined ||
    (since instanceof Date && since.getUTCFullYear() >= 1 && since.getUTCFullYear() <= 9999)
    ? undefined
    : "the time is not a date of this era"
