/**
 * A lane as people see it: its head, and the jobs behind it. All values are those of JSON: ids are
 * texts, times are ISO texts, spans are seconds.
 */
import { Option, Result, Schema } from "effect"
import * as Buckets from "./Buckets.ts"
import * as CancelInput from "./CancelInput.ts"
import { Count } from "./Count.ts"
import * as Cursor from "./Cursor.ts"
import { JobInvalid } from "./Errors.ts"
import { JobRow } from "./JobList.ts"
import { JobState } from "./JobQuery.ts"
import { keyBytesMax, queueBytesMax } from "./JobRecord.ts"

/** The head of a lane. It is `waiting` where the next claim has yet to make it the head. */
export const LaneHead = Schema.Struct({
  ...JobRow.fields,
  /** When its worker got it; `null` if no worker has it, and in memory. */
  since: Schema.NullOr(Schema.String),
  /** The nearest reason why it waits, or that it runs; `null` if that took too long to find out. */
  why: Schema.NullOr(Schema.String)
})
export interface LaneHead extends Schema.Schema.Type<typeof LaneHead> {}

/** How long the jobs behind the head may wait, by the runs of the last 24 hours. */
export const LaneEstimate = Schema.Struct({
  /** How long a run of the head's name takes on average, in seconds. */
  meanSeconds: Schema.Finite,
  /** The time until the last of the counted jobs starts, in seconds, if all runs take so long. */
  lastStartsSeconds: Schema.Finite
})
export interface LaneEstimate extends Schema.Schema.Type<typeof LaneEstimate> {}

/** A lane, or what there is of one: without jobs it has no head, and none behind it. */
export const LaneView = Schema.Struct({
  queue: Schema.String,
  key: Schema.String,
  /** `null` in an empty lane. */
  head: Schema.NullOr(LaneHead),
  /**
   * The next jobs, in the order in which they run. One with a `worker` was claimed along with the
   * head, and goes before the others.
   */
  behind: Schema.Array(JobRow),
  /** The cursor to the jobs after these; `null` if there are none. */
  next: Schema.NullOr(Schema.String),
  /** All jobs behind the head; the count stops at 1,000. */
  behindCount: Count,
  /** `null` without figures, without jobs behind, and while nobody knows when the head runs. */
  estimate: Schema.NullOr(LaneEstimate)
})
export interface LaneView extends Schema.Schema.Type<typeof LaneView> {}

/** One of the lanes with the most jobs. */
export const LongLane = Schema.Struct({
  queue: Schema.String,
  key: Schema.String,
  /** The id, the name and the state of the head. */
  job: Schema.String,
  name: Schema.String,
  state: JobState,
  /** The jobs behind the head: exact up to 1,000, and above that a bound or an estimate. */
  behind: Count
})
export interface LongLane extends Schema.Schema.Type<typeof LongLane> {}

/** The lanes with the most jobs behind their heads. */
export const LongestLanes = Schema.Struct({
  /** The longest first, at most 20. */
  items: Schema.Array(LongLane),
  /** Whether only some of the jobs were looked at, so that a lane may be missing. */
  isSampled: Schema.Boolean
})
export interface LongestLanes extends Schema.Schema.Type<typeof LongestLanes> {}

/** A count of the jobs of a lane goes no further than this. */
export const behindMax = 1000

/** The lane to see, and which of the jobs behind its head. */
export interface LaneSearch {
  readonly queue: string
  readonly key: string
  /** The `next` of the part before. */
  readonly after?: string | undefined
  /** The most jobs behind the head: from 1 to 200, else 50. */
  readonly limit?: number | undefined
}

/** The jobs behind this one are asked for. */
export interface LanePlace {
  readonly priority: number
  readonly id: bigint
}

export interface Asked {
  readonly queue: string
  readonly key: string
  readonly after: LanePlace | undefined
  readonly limit: number
}

const limitMax = 200

const cursor = Cursor.of(Schema.Struct({
  priority: Schema.Int.check(Schema.isBetween({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })),
  id: Schema.String.check(Schema.isPattern(/^\d{1,18}$/))
}))

export const asked = (
  { after, key, limit = 50, queue }: LaneSearch
): Result.Result<Asked, JobInvalid> => {
  const place = after === undefined ? undefined : Option.getOrUndefined(cursor.decode(after))
  const issue = CancelInput.wordIssue("the queue's name", queue, queueBytesMax) ??
    CancelInput.wordIssue("the key", key, keyBytesMax) ??
    (Number.isInteger(limit) && limit >= 1 && limit <= limitMax
      ? undefined
      : `the limit is not a number from 1 to ${limitMax}`) ??
    (after === undefined || place !== undefined
      ? undefined
      : "\"after\" is no cursor of the jobs of a lane")
  return issue === undefined
    ? Result.succeed({
      queue,
      key,
      limit,
      after: place && { priority: place.priority, id: BigInt(place.id) }
    })
    : Result.fail(new JobInvalid({ issue }))
}

/** The parts of a lane, of the jobs behind the head one more than are asked for. */
export interface Found {
  readonly head: LaneHead | null
  readonly behind: ReadonlyArray<JobRow>
  readonly behindCount: Count
  /** The histogram of the runs of the head's name. */
  readonly runs: ReadonlyArray<number>
  /** In milliseconds. */
  readonly now: number
}

export const of = ({ key, limit, queue }: Asked, found: Found): LaneView => {
  // The head may have become one of the others between two reads.
  const others = found.behind.filter(({ id }) => id !== found.head?.id)
  const behind = others.slice(0, limit)
  const last = others.length > limit ? behind.at(-1) : undefined
  return {
    queue,
    key,
    head: found.head,
    behind,
    next: last === undefined ? null : cursor.encode({ priority: last.priority, id: last.id }),
    behindCount: found.behindCount,
    estimate: estimateOf(found)
  }
}

/** The head's runs stand for those of the jobs behind it: the last one starts after all others. */
const estimateOf = ({ behindCount, head, now, runs }: Found): LaneEstimate | null => {
  const meanSeconds = Buckets.mean(runs)
  if (head === null || meanSeconds === undefined || behindCount.value === 0) return null
  if (head.state === "blocked" || head.state === "paused") return null
  const untilHead = head.dueAt === null ? 0 : Math.max(0, Date.parse(head.dueAt) - now) / 1000
  return { meanSeconds, lastStartsSeconds: untilHead + meanSeconds * behindCount.value }
}
