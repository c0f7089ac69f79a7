/**
 * The looks at a schema in PostgreSQL. Each is a transaction of bounded reads.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Option } from "effect"
import * as LaneView from "../../domain/LaneView.ts"
import type { Overview, Part } from "../../domain/Overview.ts"
import * as Insight from "../../services/Insight.ts"
import * as BoundedReads from "./BoundedReads.ts"
import * as DatabaseReads from "./PgDatabaseReads.ts"
import * as FailureReads from "./PgFailureReads.ts"
import * as JobList from "./PgJobList.ts"
import * as LaneReads from "./PgLaneReads.ts"
import * as LaterReads from "./PgLaterReads.ts"
import * as LongLanes from "./PgLongLanes.ts"
import * as QueueReads from "./PgQueueReads.ts"
import * as QueueViews from "./PgQueueViews.ts"
import * as StateReads from "./PgStateReads.ts"

type Reads = ReturnType<typeof readsOf>

const readsOf = (sql: PgClient.PgClient, schema: string) => {
  const to = { sql, schema, name: (relation: string) => sql(`${schema}.${relation}`) }
  return {
    ...QueueReads.make(to),
    ...LaterReads.make(to),
    ...StateReads.make(to),
    ...DatabaseReads.make(to),
    failures: FailureReads.make(to),
    lane: LaneReads.make(to),
    longestLanes: LongLanes.make(to)
  }
}

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const reads = readsOf(sql, schema)

  const overview: Insight.Insight["Service"]["overview"] = Effect.fn("Insight.overview")(
    (options = {}) => BoundedReads.within(sql, "overview", look(sql, reads, options))
  )

  return Insight.Insight.of({
    overview,
    queue: Effect.fn("Insight.queue")((name, options = {}) =>
      BoundedReads.within(
        sql,
        "queue",
        Effect.map(queueParts(sql, reads, { ...options, queues: [name] }), ({ of }) => of(name))
      )
    ),
    workers: BoundedReads.within(sql, "workers", reads.workers).pipe(
      Effect.map((rows) => rows.map((row) => ({ ...row }))),
      Effect.withSpan("Insight.workers")
    ),
    lanes: Effect.fn("Insight.lanes")((kind) => {
      const { lanesMax } = Insight.defaults
      const lanes = kind === "blocked" ? reads.blockedLanes : reads.retryingLanes
      return BoundedReads.within(sql, "lanes", lanes(lanesMax)).pipe(
        Effect.map((rows) => rows.map(LaterReads.laneOf))
      )
    }),
    longestLanes: BoundedReads.within(sql, "lanes", reads.longestLanes).pipe(
      Effect.withSpan("Insight.longestLanes")
    ),
    lane: Effect.fn("Insight.lane")(function*(search) {
      const asked = yield* Effect.fromResult(LaneView.asked(search))
      return yield* BoundedReads.within(sql, "lane", reads.lane(asked))
    }),
    failures: Effect.fn("Insight.failures")((options = {}) =>
      BoundedReads.within(sql, "failures", reads.failures(options))
    ),
    ...JobList.make(sql, schema),
    database: BoundedReads.within(sql, "database", reads.database).pipe(
      Effect.withSpan("Insight.database")
    )
  })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Insight.Insight, never, PgClient.PgClient> =>
  Layer.effect(Insight.Insight, make(options.schema))

/** The parts that the views of queues are made of, and the parts that gave no answer. */
const queueParts = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  reads: Reads,
  { countsUpTo = Insight.defaults.countsUpTo, queues: wanted }: Insight.OverviewOptions
) {
  const unread: Array<Part> = []
  const part = <A, E>(name: Part, read: Parameters<typeof BoundedReads.part<A, E>>[2]) =>
    Effect.map(BoundedReads.part(sql, name, read), (found) => {
      if (Option.isNone(found)) unread.push(name)
      return Option.getOrUndefined(found)
    })
  const { queuesMax } = Insight.defaults

  const state = yield* part("workers", Effect.all([reads.workers, reads.pauses]))
  const [workers = [], pauses = []] = state ?? []
  const later = yield* part("later", reads.later(countsUpTo))
  const blocked = yield* part("lanes", reads.blocked(countsUpTo))
  const known = [...later ?? [], ...blocked?.filter(LaterReads.hasLane) ?? []].map(({ queue }) =>
    queue
  )
  const served = workers.flatMap(({ queues }) => queues)
  const paused = pauses.flatMap(({ queue }) => queue === null || queue === "*" ? [] : queue)
  const others = [...known, ...served, ...paused]
  const names = wanted ?? (yield* part("queues", reads.names(others, queuesMax + 1))) ??
    [...new Set(others)].toSorted()
  const queues = names.slice(0, queuesMax)
  const counts = yield* part("counts", reads.counts(queues, countsUpTo))
  const objectives = yield* part("objectives", reads.objectives(queues))
  const bands = yield* part("latency", reads.bands(queues))

  const parts = { countsUpTo, workers, pauses, later, blocked, counts, bands, objectives }
  return {
    ...parts,
    queues,
    hasMoreQueues: names.length > queues.length,
    unread,
    part,
    of: (queue: string) => QueueViews.of(queue, parts)
  }
})

const look = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  reads: Reads,
  options: Insight.OverviewOptions
) {
  const { blocked, hasMoreQueues, later, of, part, pauses, queues, unread, workers } =
    yield* queueParts(sql, reads, options)
  const suspects = yield* part("suspects", reads.suspects)
  const ends = yield* part("ends", reads.ends)
  const database = yield* part("database", reads.database)
  const pastWorkers = yield* part("pastWorkers", reads.pastWorkers)
  const isSeen = ({ queue }: { readonly queue: string }) =>
    options.queues === undefined || options.queues.includes(queue)
  const overview: Overview = {
    at: (pauses[0]?.at ?? new Date(0)).toISOString(),
    queues: queues.map(of),
    hasMoreQueues,
    workers: workers.map((worker) => ({ ...worker })),
    pastWorkers: pastWorkers ?? [],
    blockedLanes: (blocked ?? []).filter(LaterReads.hasLane).filter(isSeen).map(LaterReads.laneOf),
    unhandled: QueueViews.unhandledOf(later ?? []).filter(isSeen),
    suspects: (suspects ?? []).filter(isSeen),
    ends: StateReads.endsOf(ends ?? []),
    promotionLag: QueueViews.promotionLagOf(later),
    database: database ?? null,
    unread: [...new Set(unread)]
  }
  return overview
})
