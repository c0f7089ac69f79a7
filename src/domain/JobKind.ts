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
   * Tries before a job is kept as failed; a job's own `max_attempts` goes before. Defaults to 25.
   */
  readonly maxAttempts: number
  /**
   * The longest wait before the second try; it doubles with each further one. Defaults to 1 second.
   */
  readonly backoffBase: Duration.Input
  /** No wait is longer than this. Defaults to 1 hour. */
  readonly backoffCap: Duration.Input
  /** Whether a keyed job that waits for its next try holds up its lane. Defaults to "hold". */
  readonly onRetry: "hold" | "yield"
  /** What becomes of a lane whose job failed for good. Defaults to "continue". */
  readonly onFail: "continue" | "block"
}

export const defaults: RetryPolicy = {
  maxAttempts: 25,
  backoffBase: "1 second",
  backoffCap: "1 hour",
  onRetry: "hold",
  onFail: "continue"
}
