/**
 * Operations: steps for many jobs at once, which are planned, looked at, run and undone. All values
 * are those of JSON: ids are texts, times are ISO texts.
 */
import { Schema } from "effect"

/** The actions of operations. */
export const actions = ["retry", "cancel", "discard", "edit"] as const

/**
 * The action of an operation: each job is retried, cancelled, discarded or edited, as `Job.retry`
 * and the like do it with one. A job that a worker has is left to it, by a cancel too.
 */
export type OperationAction = (typeof actions)[number]

/** The new values of an edit. One that is left out stays as it is. */
export interface OperationChange {
  /** A whole number of 32 bits; higher runs first. */
  readonly priority?: number | undefined
  /** The jobs may start at this time or later. A time in the past is at once. */
  readonly runAt?: Date | undefined
  /** Attempts before a job fails for good, at least 1. */
  readonly maxAttempts?: number | undefined
  /** JSON text, for one job only. */
  readonly payload?: string | undefined
}

/** An operation to plan. */
export interface OperationInput {
  /** A uuid of the caller's choice, so that a repeat is harmless. Defaults to a new one. */
  readonly id?: string | undefined
  readonly action: OperationAction
  /** The jobs, 10,000 at most. No other one is ever met. Excludes `query`. */
  readonly ids?: ReadonlyArray<bigint> | undefined
  /** A search, such as `state:failed name:send-*`, in place of the jobs that it finds now. */
  readonly query?: string | undefined
  /** The new values, for the action "edit". */
  readonly change?: OperationChange | undefined
  /** Why, for the list of operations; for a cancel, for the history as well. */
  readonly reason?: string | undefined
  /** Who, for the list of operations. */
  readonly actor: string
}

/** How many of the jobs came to which result. */
const ResultCount = Schema.Struct({ result: Schema.String, count: Schema.Finite })

/**
 * An operation. A plan can be run for ten minutes: then it has expired. An operation is kept for 24
 * hours.
 */
export const Operation = Schema.Struct({
  id: Schema.String,
  action: Schema.Literals(actions),
  actor: Schema.String,
  reason: Schema.NullOr(Schema.String),
  /** The search by which it was planned. */
  query: Schema.NullOr(Schema.String),
  state: Schema.Literals([
    "planned",
    "expired",
    "running",
    "stopped",
    "done",
    "undoing",
    "undone"
  ]),
  at: Schema.String,
  /** When the plan can be run no more. */
  expiresAt: Schema.String,
  endedAt: Schema.NullOr(Schema.String),
  /** The number of its jobs. */
  planned: Schema.Finite,
  /** Jobs that were changed. */
  done: Schema.Finite,
  /** Jobs that were left as they were. */
  skipped: Schema.Finite,
  /** Jobs whose turn has not come. */
  left: Schema.Finite,
  /** Jobs that are again as they were before. */
  undone: Schema.Finite,
  /**
   * Jobs that can be put back as they were, as far as anybody can tell beforehand: no worker takes
   * them until then.
   */
  canUndo: Schema.Finite,
  /** The results, the most frequent first: what was done, or why a job was skipped. */
  results: Schema.Array(ResultCount),
  /** The same of an undo: "undone", or why not. */
  undos: Schema.Array(ResultCount)
})

export interface Operation extends Schema.Schema.Type<typeof Operation> {}

/** Jobs of a plan that are alike. */
const PlanPart = Schema.Struct({
  /** `null` of jobs that are not there, or have completed. */
  queue: Schema.NullOr(Schema.String),
  name: Schema.NullOr(Schema.String),
  /** The state or the outcome of the jobs when they were planned; "gone" as above. */
  was: Schema.String,
  /** Whether the action is for such jobs. If not, they will be skipped. */
  fits: Schema.Boolean,
  canUndo: Schema.Boolean,
  count: Schema.Finite
})

/** One job of an operation. */
export const OperationItem = Schema.Struct({
  id: Schema.String,
  queue: Schema.NullOr(Schema.String),
  name: Schema.NullOr(Schema.String),
  was: Schema.String,
  fits: Schema.Boolean,
  /** The answer to the action: `null` until its turn. */
  result: Schema.NullOr(Schema.String),
  /** The worker that has kept it from the operation. */
  worker: Schema.NullOr(Schema.String),
  /** Why the database refused it. */
  error: Schema.NullOr(Schema.String),
  /** The answer to the undo: `null` until its turn. */
  undone: Schema.NullOr(Schema.String)
})

export interface OperationItem extends Schema.Schema.Type<typeof OperationItem> {}

/** An operation with its preview: parts that are alike, the largest 100 of them, and samples. */
export const OperationPlan = Schema.Struct({
  ...Operation.fields,
  parts: Schema.Array(PlanPart),
  samples: Schema.Array(OperationItem)
})

export interface OperationPlan extends Schema.Schema.Type<typeof OperationPlan> {}

/**
 * An operation was not planned, run, stopped or undone: `reason` says why, `detail` in one line for
 * people. Nothing was changed.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Operations } from "pgq"
 *
 * export const program = Operations.use((operations) =>
 *   operations.run("5f0c3d0e-6a53-4c8e-9b6e-0c5b7f6f5a11")
 * ).pipe(
 *   Effect.catchTag("OperationRefused", ({ message }) => Effect.logWarning(message))
 * )
 * ```
 */
export class OperationRefused extends Schema.TaggedError<OperationRefused>()("OperationRefused", {
  reason: Schema.Literals(["unknown", "expired", "too-many", "unconfirmed", "unsupported"]),
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

export const bounds = {
  /** The most jobs of an operation. */
  jobsMax: 10_000,
  /** From so many jobs on, a run must repeat their number. */
  unconfirmedMax: 1000,
  samples: 20,
  /** The jobs of one transaction. */
  chunk: 200
} as const
