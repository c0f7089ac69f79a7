/**
 * Series of the figures of the queue in memory.
 */
import { Effect } from "effect"
import { added } from "../../domain/Pulse.ts"
import * as Figures from "../../domain/Series.ts"
import type { Series } from "../../services/Series.ts"
import type { MemoryMinute } from "./MemoryFigures.ts"
import type { MemoryStore } from "./MemoryStore.ts"

export const make = (store: MemoryStore): Series["Service"] => ({
  series: (filter) =>
    Effect.map(
      Effect.fromResult(Figures.asked(filter)),
      (asked) => Figures.of(asked, pointsOf(store, asked))
    )
})

const pointsOf = (store: MemoryStore, asked: Figures.Asked): ReadonlyArray<Figures.Point> => {
  if (asked.of === "latency") {
    return merged(store.samples.all(), asked, ({ latency }) => [latency], greatest)
  }
  if (asked.of === "depth") {
    const minutes = merged(store.samples.all(), { ...asked, step: 60_000 }, depthOf, added)
    return merged(minutes, { ...asked, queue: undefined }, ({ numbers }) => numbers, greatest)
  }
  const column = columns[asked.of]
  const minutes = store.figures.minutes()
  if (asked.by === undefined) return merged(minutes, asked, (minute) => minute[column], added)
  const points = Array.from(
    grouped(minutes, asked.by),
    ([label, some]) =>
      merged(some, asked, (minute) => minute[column], added).map((point) => ({ ...point, label }))
  )
  return points.filter((some) => some.length > 0)
    .toSorted((a, b) => runsOf(b) - runsOf(a)).slice(0, Figures.labelsMax(asked)).flat()
}

const grouped = (minutes: ReadonlyArray<MemoryMinute>, by: "queue" | "name") => {
  const groups = new Map<string, Array<MemoryMinute>>()
  for (const minute of minutes) {
    const group = groups.get(minute[by])
    if (group === undefined) groups.set(minute[by], [minute])
    else group.push(minute)
  }
  return groups
}

const runsOf = (points: ReadonlyArray<Figures.Point>): number =>
  points.flatMap(({ numbers }) => numbers).reduce((runs, n) => runs + n, 0)

const columns = { finished: "counts", wait: "wait", run: "run" } as const

const depthOf = ({ depth }: { readonly depth: ReadonlyArray<number> }) => depth

/** The numbers of each step, put together. */
const merged = <Row extends Named>(
  rows: ReadonlyArray<Row>,
  { from, name, queue, step, to }: Figures.Asked,
  numbersOf: (row: Row) => ReadonlyArray<number>,
  merge: (some: ReadonlyArray<number>, others: ReadonlyArray<number>) => ReadonlyArray<number>
): ReadonlyArray<Figures.Point> => {
  const points = new Map<number, ReadonlyArray<number>>()
  for (const row of rows) {
    if (row.at < from || row.at >= to) continue
    if (queue !== undefined && row.queue !== queue) continue
    if (name !== undefined && row.name !== name) continue
    const at = Math.floor(row.at / step) * step
    points.set(at, merge(points.get(at) ?? [], numbersOf(row)))
  }
  return Array.from(points, ([at, numbers]) => ({ at, numbers }))
}

interface Named {
  readonly at: number
  readonly queue?: string
  readonly name?: string
}

const greatest = (some: ReadonlyArray<number>, others: ReadonlyArray<number>) =>
  others.map((number, place) => Math.max(number, some[place] ?? 0))
