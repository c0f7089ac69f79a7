/**
 * A kind of job: its name, the schema of its payload, and what happens when a run fails.
 */
import type { Duration, Schema } from "effect"

export interface JobKind<Name extends string, Payload extends Schema.Top> {
  readonly name: Name
  readonly payload: Payload
  readonly policy: RetryPolicy
}

/** How the runs of a kind are tried again. */
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
