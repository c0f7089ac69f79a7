/**
 * A kind of job: its name, the schema of its payload, and what happens when a run fails.
 */
import { type Duration, Predicate, Schema, SchemaTransformation } from "effect"
import { nameBytesMax, textIssue } from "./JobRecord.ts"

/** A kind of job, as producers and workers share it. `Job.make` makes one. */
export interface JobKind<Name extends string, Payload extends Schema.Top> {
  /** 1 to 128 bytes of UTF-8 without a NUL character: the `name` of the jobs in the database. */
  readonly name: Name
  /** The schema that payloads are encoded with when a job is added, and decoded with for a run. */
  readonly payload: Payload
  readonly policy: RetryPolicy
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

export const defaults: RetryPolicy = {
  maxAttempts: 25,
  backoffBase: "1 second",
  backoffCap: "1 hour",
  onRetry: "hold",
  onFail: "continue"
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
  }
  return undefined
}
