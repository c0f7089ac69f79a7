/**
 * The lists of jobs in PostgreSQL: first of those that have not ended, then of the history. Each
 * part of a list is one transaction of bounded reads.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Option, Schema } from "effect"
import * as Cursor from "../../domain/Cursor.ts"
import * as HistoryWindows from "../../domain/HistoryWindows.ts"
import * as JobList from "../../domain/JobList.ts"
import { isOutcome, type JobQuery, numberMax } from "../../domain/JobQuery.ts"
import * as JobQueryMatch from "../../domain/JobQueryMatch.ts"
import { defaults, type Insight } from "../../services/Insight.ts"
import * as BoundedReads from "./BoundedReads.ts"
import * as Ended from "./PgEndedJobs.ts"
import * as QueueReads from "./PgQueueReads.ts"
import * as WaitingIds from "./PgWaitingIds.ts"
import * as Waiting from "./PgWaitingJobs.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** So many ids are looked at for one answer; where that takes too long, a tenth. */
const windowMax = 50_000

/** Where a list goes on, and when it was asked for. */
const Place = Schema.Struct({
  at: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** Among the jobs that have not ended, below this id. */
  below: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{1,19}$/))),
  /** In the history, before this row. */
  before: Schema.optionalKey(HistoryWindows.Place)
})

const cursor = Cursor.of(Place)

/** A part of a list, and the place from which it goes on. */
interface Found {
  readonly items: ReadonlyArray<JobList.JobRow>
  readonly next: Omit<typeof Place.Type, "at"> | undefined
  readonly rows: number
  readonly downTo: string | null
}

export const make = (sql: PgClient.PgClient, schema: string): Pick<Insight["Service"], "jobs"> => {
  const to = { sql, schema, name: (relation: string) => sql(`${schema}.${relation}`) }
  return {
    jobs: Effect.fn("Insight.jobs")(function*(search) {
      const { limit, query } = yield* Effect.fromResult(JobList.asked(search))
      const after = search.after === undefined ? undefined : yield* placeOf(search.after)
      return yield* BoundedReads.within(sql, "jobs", list(to, { query, limit, after }))
    })
  }
}

const placeOf = (text: string) =>
  Option.match(cursor.decode(text), {
    onNone: () => Effect.fail(JobList.badCursor),
    onSome: (place) => Effect.succeed(place)
  })

interface Wanted extends JobList.Asked {
  readonly after: typeof Place.Type | undefined
}

const list = Effect.fnUntraced(function*(to: BoundedReads.To, { after, limit, query }: Wanted) {
  const now = new Date(after?.at ?? (yield* clock(to)))
  const waiting = after?.before === undefined && hasWaiting(query)
    ? yield* waitingJobs(to, {
      query,
      limit,
      now,
      before: BigInt(after?.below ?? numberMax)
    })
    : nothing
  const isFound = query.id !== undefined && query.id.from === query.id.to &&
    waiting.items.length > 0
  const ended = waiting.next === undefined && !isFound && Ended.hasEnded(query)
    ? yield* endedJobs(to, { query, limit: limit - waiting.items.length, now }, after?.before)
    : nothing
  const next = waiting.next ?? ended.next
  const page: JobList.JobPage = {
    items: [...waiting.items, ...ended.items],
    next: next === undefined ? null : cursor.encode({ at: now.getTime(), ...next }),
    scanned: {
      rows: waiting.rows + ended.rows,
      downTo: ended.downTo ?? waiting.downTo,
      isComplete: next === undefined
    }
  }
  return page
})

const nothing: Found = { items: [], next: undefined, rows: 0, downTo: null }

const hasWaiting = ({ state }: JobQuery): boolean => state === undefined || !state.every(isOutcome)

const clock = ({ sql }: BoundedReads.To) =>
  Effect.map(
    sql<{ readonly at: Date }>`SELECT clock_timestamp() AS at`,
    ([row]) => row?.at.getTime() ?? 0
  ).pipe(withTimeout("jobs"))

const waitingJobs = Effect.fnUntraced(function*(to: BoundedReads.To, wanted: Waiting.Wanted) {
  const byIndexes = WaitingIds.isIndexed(wanted.query) ? yield* indexed(to, wanted) : undefined
  if (byIndexes !== undefined) return foundOf(byIndexes, wanted.limit, Infinity)
  const { sql } = to
  const inWindow = Waiting.inWindow(to)
  const found = yield* BoundedReads.part(sql, "jobs", inWindow(wanted, windowMax))
  return Option.isSome(found)
    ? foundOf(found.value, wanted.limit, windowMax)
    : foundOf(yield* inWindow(wanted, windowMax / 10), wanted.limit, windowMax / 10)
})

/** Nothing if the indexes have too many jobs, or too many queues, or if they take too long. */
const indexed = Effect.fnUntraced(function*(to: BoundedReads.To, wanted: Waiting.Wanted) {
  const { sql } = to
  const { queuesMax } = defaults
  const { queue } = wanted.query
  const queues = WaitingIds.needsQueues(wanted.query)
    ? Option.getOrElse(
      yield* BoundedReads.part(sql, "jobs", QueueReads.make(to).names([], queuesMax + 1)),
      () => []
    )
    : queue === undefined
    ? []
    : [queue]
  if (queues.length > queuesMax) return undefined
  const read = BoundedReads.part(sql, "jobs", Waiting.byIndexes(to)(wanted, queues))
  const rows = Option.getOrUndefined(yield* read)
  return rows === undefined || (rows[0]?.indexed ?? 0) > WaitingIds.indexedMax
    ? undefined
    : rows.filter(isJob)
})

const isJob = (row: Waiting.WaitingRow | Waiting.CountRow): row is Waiting.WaitingRow =>
  row.id !== null

/** The last row of a window comes along: a window of less than its size was the last one. */
const foundOf = (
  rows: ReadonlyArray<Waiting.WaitingRow>,
  limit: number,
  size: number
): Found => {
  const fitting = rows.filter(({ fits }) => fits)
  const shown = fitting.slice(0, limit)
  const isFull = fitting.length > limit
  const last = isFull ? shown.at(-1) : rows.at(-1)
  return {
    items: shown.map(Waiting.rowOf),
    next: last !== undefined && (isFull || last.n >= size) ? { below: last.id } : undefined,
    rows: last?.n ?? 0,
    downTo: last === undefined ? null : Waiting.isoOf(last.created_at)
  }
}

/** Reads windows of the history until there are enough jobs, or enough pages. */
const endedJobs = Effect.fnUntraced(function*(
  to: BoundedReads.To,
  wanted: Ended.Wanted,
  from: HistoryWindows.Place | undefined
) {
  const all = yield* Ended.partitions(to)(wanted.query)
  const times = JobQueryMatch.timesOf(wanted.query, wanted.now.getTime())
  const windows = HistoryWindows.windows(HistoryWindows.inOrder(all, times), from)
  let found: Found = { ...nothing, next: nextOf(windows[0]?.end) }
  for (const window of windows) {
    const limit = wanted.limit - found.items.length
    if (limit === 0) break
    const rows = yield* Ended.inWindow(to)({ ...wanted, limit }, window, all)
    const jobs = rows.filter(isEnded)
    const shown = jobs.slice(0, limit)
    const last = shown.at(-1)
    const isFull = jobs.length > limit && last !== undefined
    found = {
      items: [...found.items, ...shown.map(Ended.rowOf)],
      next: nextOf(isFull ? Ended.placeOf(last, window.partition) : window.next),
      rows: found.rows + (rows[0]?.rows ?? 0),
      downTo: Waiting.isoOf(rows[0]?.down_to ?? null) ?? found.downTo
    }
  }
  return found
})

const nextOf = (before: HistoryWindows.Place | undefined): Found["next"] =>
  before === undefined ? undefined : { before }

const isEnded = (row: Ended.EndedRow | Ended.SeenRow): row is Ended.EndedRow => row.id !== null
