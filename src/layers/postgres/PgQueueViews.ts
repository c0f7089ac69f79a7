/**
 * The views of queues, put together from what was read of them. Parts that were not read are
 * `undefined`.
 */
import * as Count from "../../domain/Count.ts"
import * as Objective from "../../domain/Objective.ts"
import type { Overview, QueueOverview, WorkerOverview } from "../../domain/Overview.ts"
import { everyQueue } from "../../domain/Pause.ts"
import type { BlockedRow, LaterRow } from "./PgLaterReads.ts"
import type { BandRow, CountsRow } from "./PgQueueReads.ts"
import type { PauseRow } from "./PgStateReads.ts"

export interface Parts {
  readonly countsUpTo: number
  readonly workers: ReadonlyArray<WorkerOverview>
  readonly pauses: ReadonlyArray<PauseRow>
  readonly later: ReadonlyArray<LaterRow> | undefined
  readonly blocked: ReadonlyArray<BlockedRow> | undefined
  readonly counts: ReadonlyArray<CountsRow> | undefined
  readonly bands: ReadonlyArray<BandRow> | undefined
  readonly objectives: ReadonlyArray<Objective.Objective> | undefined
}

export const of = (queue: string, parts: Parts): QueueOverview => {
  const workers = parts.workers.filter(({ isLive, isStopping, queues }) =>
    isLive && !isStopping && queues.includes(queue)
  )
  const pause = parts.pauses.find((row) => row.queue === queue) ??
    parts.pauses.find((row) => row.queue === everyQueue)
  const bands = parts.bands?.filter((band) => band.queue === queue)
  return {
    queue,
    latency: bands === undefined ? null : Math.max(0, ...bands.map(({ latency }) => latency)),
    objective: Objective.find(parts.objectives ?? [], queue),
    bands: (bands ?? []).map(({ latency, priority }) => ({ priority, latency })),
    ...countsOf(parts.counts?.find((row) => row.queue === queue), {
      cap: parts.countsUpTo,
      isPaused: pause !== undefined
    }),
    later: laterOf(queue, parts, ({ jobs }) => jobs),
    lag: promotionLagOf(parts.later?.filter((row) => row.queue === queue)),
    retrying: laterOf(queue, parts, ({ lanes }) => lanes),
    blocked: blockedOf(queue, parts),
    workers: workers.length,
    slots: workers.reduce((slots, { concurrency }) => slots + concurrency, 0),
    pause: pauseOf(pause)
  }
}

/** Ready jobs of a paused queue are paused. Of a paused name, those within the cap are counted. */
const countsOf = (
  row: CountsRow | undefined,
  { cap, isPaused }: { readonly cap: number; readonly isPaused: boolean }
): Pick<QueueOverview, "ready" | "waiting" | "running" | "paused"> => {
  if (row === undefined) return { ready: null, waiting: null, running: null, paused: null }
  const unheld = Count.capped(row.ready, cap)
  const ready = Count.sum([
    { ...unheld, value: Math.max(unheld.value - row.held, 0) },
    Count.capped(row.suspects, cap)
  ])
  const held = { ...unheld, value: Math.min(row.held, cap) }
  const aside = Count.capped(row.aside, cap)
  return {
    ready: isPaused ? Count.exact(0) : ready,
    waiting: Count.capped(row.waiting, cap),
    running: Count.exact(row.running),
    paused: isPaused
      ? Count.sum([unheld, Count.capped(row.suspects, cap), aside])
      : row.held === 0
      ? aside
      : Count.sum([held, aside])
  }
}

/** One index has the jobs for later of all queues, so what lies beyond the cap may be of any. */
const laterOf = (
  queue: string,
  { countsUpTo, later: rows }: Parts,
  countOf: (row: LaterRow) => number
): Count.Count | null => {
  if (rows === undefined) return null
  const seen = rows.reduce((sum, { jobs }) => sum + jobs, 0)
  const here = rows.filter((row) => row.queue === queue)
    .reduce((sum, row) => sum + countOf(row), 0)
  return { value: Math.min(here, countsUpTo), precision: seen > countsUpTo ? "atLeast" : "exact" }
}

const blockedOf = (
  queue: string,
  { blocked: rows, countsUpTo }: Parts
): Count.Count | null =>
  rows === undefined ? null : {
    value: rows.find((row) => row.queue === queue)?.lanes ?? 0,
    precision: (rows[0]?.seen ?? 0) > countsUpTo ? "atLeast" : "exact"
  }

const pauseOf = (row: PauseRow | undefined): QueueOverview["pause"] =>
  row === undefined || row.paused_at === null || row.paused_by === null ? null : {
    since: row.paused_at.toISOString(),
    until: row.until === null ? null : row.until.toISOString(),
    by: row.paused_by,
    reason: row.reason
  }

export const unhandledOf = (rows: ReadonlyArray<LaterRow>): Overview["unhandled"] =>
  rows.flatMap(({ job, jobs, queue, unhandled }) =>
    unhandled === null ? [] : [{ queue, name: unhandled, jobs, job }]
  )

export const promotionLagOf = (rows: ReadonlyArray<LaterRow> | undefined): number | null =>
  rows === undefined ? null : Math.max(0, ...rows.map(({ overdue }) => overdue))
