/**
 * The looks of people and programs at a schema, which cost little however many jobs there are.
 */
import { Context, type Effect } from "effect"
import type { JobInvalid, StoreError } from "../domain/Errors.ts"
import type { FailureGroups } from "../domain/FailureGroups.ts"
import type { JobPage, JobSearch } from "../domain/JobList.ts"
import type { JobQueryInvalid } from "../domain/JobQuery.ts"
import type { LaneSearch, LaneView, LongestLanes } from "../domain/LaneView.ts"
import type {
  DatabaseOverview,
  LaneOverview,
  Overview,
  QueueOverview,
  WorkerOverview
} from "../domain/Overview.ts"

/** Which lanes to see: those that wait for a person, or for the next try of their head. */
export type LaneKind = "blocked" | "retrying"

/** The bounds of a look. */
export interface OverviewOptions {
  /** The queues to see. Defaults to all of them, but to 100 at most. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** A count goes no further than this. Defaults to 2,000. */
  readonly countsUpTo?: number | undefined
}

/** Which failures to see. */
export interface FailuresOptions {
  /** The queue. Defaults to all of them. */
  readonly queue?: string | undefined
  /** Failures of this time or later. Defaults to 7 days ago; 31 days are the most. */
  readonly since?: Date | undefined
}

/**
 * Reads a schema as it is now. No statement looks at more than some thousands of rows, and none
 * takes longer than 2 seconds: counts say where they stopped, and `unread` names the parts that
 * gave no answer in time or that the role may not see. `QueueLive.client` and `QueueLive.layer`
 * provide the service, and so do those of `MemoryQueue`. Its effects fail with `StoreError` if the
 * database refuses or cannot be reached. All values are those of JSON, with spans in seconds.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Insight, Verdict } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const overview = yield* Insight.use((insight) => insight.overview())
 *   const { problems, sentence } = Verdict.of(overview)
 *   yield* Effect.logInfo(sentence)
 *   for (const { next, text } of problems) yield* Effect.logWarning(`${text}; ${next}`)
 * })
 * ```
 */
export class Insight extends Context.Service<Insight, {
  /** One look at everything that the verdict needs. */
  readonly overview: (options?: OverviewOptions) => Effect.Effect<Overview, StoreError>

  /** One queue, whether it has jobs or not. */
  readonly queue: (
    name: string,
    options?: Pick<OverviewOptions, "countsUpTo">
  ) => Effect.Effect<QueueOverview, StoreError>

  /** The workers, oldest first, with those whose lease has ended and that nobody has replaced. */
  readonly workers: Effect.Effect<ReadonlyArray<WorkerOverview>, StoreError>

  /** Lanes that wait with their head: at most 100, among the first 10,000 jobs for later. */
  readonly lanes: (kind: LaneKind) => Effect.Effect<ReadonlyArray<LaneOverview>, StoreError>

  /**
   * The lanes with the most jobs behind their heads. In a large table a sample of the jobs says
   * which lanes these are, so two looks may differ; each one that is found is counted.
   */
  readonly longestLanes: Effect.Effect<LongestLanes, StoreError>

  /**
   * One lane: its head, who has it and what it waits for, and the jobs behind it in the order in
   * which they run. A delayed job is not in its lane before it is due. A lane without jobs is
   * empty, and no error. Fails with `JobInvalid` if no lane can have this queue or key, or if
   * `limit` or `after` cannot be meant.
   */
  readonly lane: (search: LaneSearch) => Effect.Effect<LaneView, JobInvalid | StoreError>

  /**
   * How jobs have failed lately, in groups of one name and one kind of error: jobs that have failed
   * for good, and those that are tried again. At most 50,000 rows are looked at, the newest first,
   * and the answer says how far back that was.
   */
  readonly failures: (options?: FailuresOptions) => Effect.Effect<FailureGroups, StoreError>

  /**
   * The jobs that a search finds, such as `state:failed name:send-* since:1h`, in parts: those that
   * have not ended, the newest of them first, and then those that have, the newest end first. A
   * part looks at 50,000 jobs or 2,000 pages of history at most. It may find none where `next` says
   * that there is more to look at. A job that keeps its state is found once, whatever comes and
   * goes meanwhile.
   */
  readonly jobs: (
    search: JobSearch
  ) => Effect.Effect<JobPage, JobInvalid | JobQueryInvalid | StoreError>

  /** The database, as far as it matters. In memory there is none, and the effect fails. */
  readonly database: Effect.Effect<DatabaseOverview, StoreError>
}>()("pgq/services/Insight") {}

export const defaults = {
  countsUpTo: 2000,
  queuesMax: 100,
  lanesMax: 100,
  longestLanesMax: 20,
  /** In milliseconds. */
  failuresSince: 7 * 86_400_000,
  failuresSinceMax: 31 * 86_400_000
} as const
