/**
 * The lanes with the most jobs in PostgreSQL. No index has lanes by length, so a sample of the
 * table says which ones may be long, and these are counted.
 */
import { Effect } from "effect"
import type { JobState } from "../../domain/JobQuery.ts"
import { behindMax, type LongestLanes, type LongLane } from "../../domain/LaneView.ts"
import * as Insight from "../../services/Insight.ts"
import type * as BoundedReads from "./BoundedReads.ts"
import * as LaneReads from "./PgLaneReads.ts"
import * as Waiting from "./PgWaitingJobs.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** The pages of a sample: 8 MB, with up to 100,000 jobs. A smaller table is read as a whole. */
export const pagesMax = 1000

export const make = (to: BoundedReads.To) =>
  Effect.gen(function*() {
    const [size] = yield* pages(to)
    const share = Math.min(1, pagesMax / Math.max(size?.pages ?? 1, 1))
    const found = yield* sample(to, share)
    const lanes = yield* counted(to, found)
    const longest: LongestLanes = {
      items: lanes.map((lane) => laneOf(lane, share)).toSorted((a, b) =>
        b.behind.value - a.behind.value
      ),
      isSampled: share < 1
    }
    return longest
  })

const pages = ({ schema, sql }: BoundedReads.To) =>
  withTimeout("lanes")(sql<{ readonly pages: number }>`
    SELECT pg_relation_size(to_regclass(format('%I.jobs', ${schema}::text)))::float8
             / current_setting('block_size')::integer AS pages
  `)

const sample = ({ name, sql }: BoundedReads.To, share: number) =>
  withTimeout("lanes")(sql<SampleRow>`
    SELECT queue, serialization_key AS key, count(*)::float8 AS seen
    FROM ${name("jobs")} TABLESAMPLE SYSTEM (${100 * share}::real)
    WHERE state = 'waiting' GROUP BY queue, serialization_key
    ORDER BY seen DESC, queue, key LIMIT ${Insight.defaults.longestLanesMax}::integer
  `)

const counted = (to: BoundedReads.To, lanes: ReadonlyArray<SampleRow>) => {
  const { name, sql } = to
  return withTimeout("lanes")(sql<LongRow>`
    WITH ${Waiting.small(to)}
    SELECT lane.queue, lane.key, head.id::text AS job, head.name, head.state,
           waiting.jobs - head.counted AS jobs, lane.seen
    FROM unnest(
      ${lanes.map(({ queue }) => queue)}::text[], ${lanes.map(({ key }) => key)}::text[],
      ${lanes.map(({ seen }) => seen)}::float8[]
    ) AS lane(queue, key, seen)
    CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS jobs FROM (
        SELECT FROM ${name("jobs")}
        WHERE queue = lane.queue AND serialization_key = lane.key AND state = 'waiting'
        ORDER BY priority DESC, id LIMIT ${behindMax}::integer + 2
      ) AS found
    ) AS waiting
    CROSS JOIN LATERAL (
      SELECT j.id, j.name, ${Waiting.state(to)} AS state, (j.state = 'waiting')::integer AS counted
      FROM (${LaneReads.headOf(to, sql`lane.queue`, sql`lane.key`)}) AS j
    ) AS head
    WHERE waiting.jobs > head.counted
  `)
}

/** Of a lane with more jobs than are counted, the sample says how many there are. */
const laneOf = (
  { job, jobs, key, name, queue, seen, state }: LongRow,
  share: number
): LongLane => ({
  queue,
  key,
  job,
  name,
  state,
  behind: jobs <= behindMax
    ? { value: jobs, precision: "exact" }
    : share < 1
    ? { value: Math.max(behindMax, Math.round(seen / share)), precision: "estimate" }
    : { value: Math.max(behindMax, seen), precision: "exact" }
})

interface SampleRow {
  readonly queue: string
  readonly key: string
  /** The jobs behind the head that are in the sample. */
  readonly seen: number
}

interface LongRow extends SampleRow {
  readonly jobs: number
  readonly job: string
  readonly name: string
  readonly state: JobState
}
