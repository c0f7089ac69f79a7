/**
 * A kind of job: its name, the schema of its payload, and what happens when a run fails.
 */
import { Duration, Predicate, Schema, SchemaTransformation } from "effect"
import * as FailureReport from "./FailureReport.ts"
import * as JobLog from "./JobLog.ts"
import { lengthIssue, nameBytesMax, textIssue } from "./JobRecord.ts"
import { isCount } from "./RuleIssue.ts"
import * as Rules from "./Rules.ts"
import type * as UniqueRule from "./UniqueRule.ts"

/** A kind of job, as producers and workers share it. `Job.make` makes one. */
export interface JobKind<
  Name extends string,
  Payload extends Schema.Top,
  Rejects extends boolean = boolean
> {
  /** 1 to 128 bytes of UTF-8 without a NUL character: the `name` of the jobs in the database. */
  readonly name: Name
  /** The schema that payloads are encoded with when a job is added, and decoded with for a run. */
  readonly payload: Payload
  readonly policy: RunPolicy
  /** How long after it may start first a job expires. Absent if jobs of this kind never do. */
  readonly expiresIn?: Duration.Duration | undefined
  /** How its jobs are told apart; `undefined` if no two of them are the same. */
  readonly unique: UniqueRule.Rule | undefined
  /** Whether a job is rejected that another one is the same as. */
  readonly rejects: Rejects
  /** The kind of the jobs that report a job of this kind that has failed for good. */
  readonly onFailed?: Reporter | undefined
}

/** A kind of jobs that report failures. The failure of such a job is not reported. */
export interface Reporter extends JobKind<string, typeof FailureReport.FailedJob> {
  readonly onFailed?: undefined
}

/** The retry policy of a kind. */
export interface RetryPolicy {
  /**
   * Attempts before a job fails for good; a job's own `maxAttempts` overrides it. Defaults to 25.
   */
  readonly maxAttempts: number
  /**
   * The longest delay before the second attempt; each further attempt doubles it. Defaults to 1
   * second.
   */
  readonly backoffBase: Duration.Input
  /** The longest delay of all. Defaults to 1 hour. */
  readonly backoffCap: Duration.Input
  /** Whether a keyed job that waits for its next attempt holds its lane. Defaults to "hold". */
  readonly onRetry: "hold" | "yield"
  /** Whether the lane goes on after a job failed for good. Defaults to "continue". */
  readonly onFail: "continue" | "block"
}

/** All that a kind says about the runs of its jobs. */
export interface RunPolicy extends RetryPolicy {
  /** The longest time of a run, from the start of its handler. Defaults to no limit. */
  readonly timeout: Duration.Duration | undefined
  /**
   * How long the transaction of a run may stay open, from the start of its handler; `undefined` if
   * runs have no transaction.
   */
  readonly transactional: Duration.Duration | undefined
  /** The most snoozes between two failed runs of a job. Defaults to no limit. */
  readonly maxSnoozes: number | undefined
  /** For how long the value of a run is kept; `undefined` if the kind has no results. */
  readonly keepResult: Duration.Duration | undefined
  /** The kind that reports failures. Defaults to none. */
  readonly onFailed: FailureReport.ReportKind | undefined
  /** The lines that are kept of what a handler logs; `undefined` for none. */
  readonly log: JobLog.LogBounds | undefined
  /** The rules for errors, defects and timeouts. Defaults to a retry of each. */
  readonly rules: Rules.Rules
}

export const defaults: RunPolicy = {
  maxAttempts: 25,
  backoffBase: "1 second",
  backoffCap: "1 hour",
  onRetry: "hold",
  onFail: "continue",
  timeout: undefined,
  transactional: undefined,
  maxSnoozes: undefined,
  keepResult: undefined,
  onFailed: undefined,
  log: undefined,
  rules: Rules.defaults
}

/**
 * The schema of a job without a payload. It is stored as `{}`, as a bare insert stores it. A run
 * ignores the stored JSON.
 */
export interface NoPayload extends Schema.decodeTo<Schema.Undefined, Schema.Unknown> {}
export const NoPayload: NoPayload = Schema.Unknown.pipe(
  Schema.decodeTo(
    Schema.Undefined,
    SchemaTransformation.transform<undefined, unknown>({
      decode: () => undefined,
      encode: () => ({})
    })
  )
)

/** The reason why a worker cannot work on these kinds. A caller in JavaScript may pass anything. */
export const kindsIssue = (kinds: unknown): string | undefined => {
  if (!Array.isArray(kinds)) return "a worker needs a list of kinds of jobs"
  if (kinds.length === 0) return "a worker needs at least one kind of job"
  const seen = new Set<string>()
  for (const kind of kinds) {
    if (!Predicate.hasProperty(kind, "name") || typeof kind.name !== "string") {
      return "it holds a value that is not a kind of job"
    }
    const issue = textIssue(kind.name === "" ? "a name" : `"${kind.name}"`, kind.name, nameBytesMax)
    if (issue !== undefined) return issue
    if (seen.has(kind.name)) return `two kinds of jobs are named "${kind.name}"`
    seen.add(kind.name)
    const policy = expiryIssue(kind) ?? reportIssue(kind) ??
      (hasRules(kind) ? policyIssue(kind.policy) : undefined)
    if (policy !== undefined) return `the kind "${kind.name}" cannot work: ${policy}`
  }
  return undefined
}

const expiryIssue = (kind: object): string | undefined =>
  Predicate.hasProperty(kind, "expiresIn") && Duration.isDuration(kind.expiresIn)
    ? lengthIssue("its expiresIn", kind.expiresIn)
    : undefined

const reportIssue = (kind: object): string | undefined =>
  Predicate.hasProperty(kind, "onFailed") && kind.onFailed !== undefined
    ? FailureReport.kindIssue(kind.onFailed)
    : undefined

const hasRules = (kind: unknown): kind is { readonly policy: RunPolicy } =>
  Predicate.hasProperty(kind, "policy") && Predicate.hasProperty(kind.policy, "rules")

const policyIssue = (
  { keepResult, log, maxSnoozes, rules, timeout, transactional }: RunPolicy
): string | undefined => {
  if (keepResult !== undefined && !isLimit(keepResult)) {
    return "its keepResult is not a duration that is more than 0 and ends"
  }
  if (timeout !== undefined && !isLimit(timeout)) {
    return "its timeout is not a duration that is more than 0 and ends"
  }
  if (transactional !== undefined) {
    if (timeout !== undefined) return "it has a timeout and a transactional one; give the latter"
    if (!isLimit(transactional) || Duration.isGreaterThan(transactional, transactionalMax)) {
      return "its transactional timeout is not a duration that is more than 0 and at most a day"
    }
  }
  if (maxSnoozes !== undefined && !isCount(maxSnoozes)) {
    return "its maxSnoozes is not a whole number of at least 1"
  }
  return (log === undefined ? undefined : JobLog.issueOf(log)) ?? rules.issue
}

/** PostgreSQL's time limits are milliseconds in 32 bits. */
const transactionalMax = Duration.days(1)

const isLimit = (timeout: unknown): boolean =>
  Duration.isDuration(timeout) && Duration.isFinite(timeout) &&
  Duration.isGreaterThan(timeout, Duration.zero)
