/**
 * Looks at lanes in memory. All counts are exact, and no lease knows when it began.
 */
import { Array as Arrays, Clock, Duration, Effect } from "effect"
import * as Count from "../../domain/Count.ts"
import type { JobRow } from "../../domain/JobList.ts"
import * as Lanes from "../../domain/Lanes.ts"
import * as LaneView from "../../domain/LaneView.ts"
import * as Pulse from "../../domain/Pulse.ts"
import { defaults, type Insight } from "../../services/Insight.ts"
import type { StoredJob } from "./MemoryJob.ts"
import * as MemoryJobList from "./MemoryJobList.ts"
import type { MemoryStore } from "./MemoryStore.ts"
import * as MemoryWhy from "./MemoryWhy.ts"

export const make = (
  store: MemoryStore
): Pick<Insight["Service"], "lane" | "longestLanes"> => ({
  longestLanes: Effect.map(Clock.currentTimeMillis, (now) => longestOf(store, now)),
  lane: Effect.fnUntraced(function*(search) {
    const asked = yield* Effect.fromResult(LaneView.asked(search))
    return LaneView.of(asked, foundOf(store, asked, yield* Clock.currentTimeMillis))
  })
})

const foundOf = (store: MemoryStore, asked: LaneView.Asked, now: number): LaneView.Found => {
  const { behind, head } = laneOf(
    store.looks.ofQueue(asked.queue).filter(({ key }) => key === asked.key)
  )
  const rows = new Map(MemoryJobList.waiting(store, now).map(({ row }) => [row.id, row]))
  const row = head && rows.get(String(head.id))
  return {
    head: row === undefined || head === undefined ? null : {
      ...row,
      since: null,
      why: MemoryWhy.of(store, head.id, now)[0]?.detail ?? null
    },
    behind: behind.filter(isAfter(asked.after)).slice(0, asked.limit + 1).flatMap(({ id }) => {
      const row = rows.get(String(id))
      return row === undefined ? [] : [behindHead(row)]
    }),
    behindCount: Count.capped(behind.length, LaneView.behindMax),
    runs: row === undefined ? [] : runsOf(store, row, now),
    now
  }
}

/** A job that was claimed along with the head has not begun. */
const behindHead = (row: JobRow): JobRow =>
  row.state === "running" ? { ...row, state: "waiting", attempt: row.attempt - 1 } : row

const isAfter = (place: LaneView.LanePlace | undefined) => ({ id, priority }: StoredJob) =>
  place === undefined || priority < place.priority ||
  (priority === place.priority && id > place.id)

/** The jobs of a lane in their order: the first one claimed, waited for, or to be claimed heads. */
const laneOf = (jobs: ReadonlyArray<StoredJob>) => {
  const held = Lanes.inOrder(jobs).filter(({ laneState }) => laneState !== "delayed")
  const head = held.find(({ laneState }) => laneState !== "open") ?? held[0]
  return { head, behind: held.filter((job) => job !== head) }
}

const runsOf = (store: MemoryStore, { name, queue }: JobRow, now: number) =>
  store.figures.minutes()
    .filter((minute) => minute.queue === queue && minute.name === name && minute.at > now - day)
    .reduce<ReadonlyArray<number>>((sum, { run }) => Pulse.added(sum, run), [])

const day = Duration.toMillis("1 day")

const longestOf = (store: MemoryStore, now: number): LaneView.LongestLanes => {
  const rows = new Map(MemoryJobList.waiting(store, now).map(({ row }) => [row.id, row]))
  const lanes = Arrays.groupBy(
    store.looks.idsOf(({ key }) => key !== undefined).flatMap((id) => store.looks.find(id) ?? []),
    ({ key, queue }) => JSON.stringify([queue, key])
  )
  const items = Object.values(lanes).map((jobs): ReadonlyArray<LaneView.LongLane> => {
    const { behind, head } = laneOf(jobs)
    const row = head && rows.get(String(head.id))
    if (row === undefined || row.key === null || behind.length === 0) return []
    const { id, key, name, queue, state } = row
    return [{ queue, key, job: id, name, state, behind: Count.exact(behind.length) }]
  }).flat()
  return {
    items: items.toSorted((a, b) => b.behind.value - a.behind.value)
      .slice(0, defaults.longestLanesMax),
    isSampled: false
  }
}
