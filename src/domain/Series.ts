/**
 * Series of figures for charts: the points that are asked for, and the values at each of them.
 */
import { Duration, Result } from "effect"
import * as Buckets from "./Buckets.ts"
import { JobInvalid } from "./Errors.ts"
import { outcomes } from "./Figures.ts"

/** The series that are asked for. Times are as they are, durations as Effect takes them. */
export interface SeriesFilter {
  /**
   * `finished`: how many runs ended, by their ends. `wait` and `run`: how long jobs were due until
   * their handler began, and how long it ran. `depth`: how many jobs there were, by their states.
   * `latency`: how long the oldest ready job had waited.
   */
  readonly of: "finished" | "wait" | "run" | "depth" | "latency"
  /** Absent for all queues. */
  readonly queue?: string | undefined
  /** Absent for all names. Of `depth` and `latency` only queues are known. */
  readonly name?: string | undefined
  /**
   * Asks for one series for each queue, or each name, in place of one for each end or percentile:
   * how many runs ended, or the percentile 95 of `wait` and `run`. The ones with the most runs come
   * first; there are 100 at most, and fewer where all values would be more than 10,000.
   */
  readonly by?: "queue" | "name" | undefined
  readonly from: Date
  /** The end, which is not part of it. */
  readonly to: Date
  /** From one point to the next: whole minutes, or from an hour on whole hours. */
  readonly step: Duration.Input
}

/** Plain values, as JSON has them. */
export interface SeriesValues {
  /** When each step begins: UTC, as in `2026-01-31T12:00:00.000Z`. */
  readonly t: ReadonlyArray<string>
  readonly series: ReadonlyArray<{
    readonly label: string
    /** A value for each time. Durations are in seconds. `null` if nothing is known. */
    readonly values: ReadonlyArray<number | null>
  }>
}

/** The question to a store: times in milliseconds, on whole steps. */
export interface Asked {
  readonly of: SeriesFilter["of"]
  readonly queue: string | undefined
  readonly name: string | undefined
  readonly by: SeriesFilter["by"]
  readonly from: number
  readonly to: number
  readonly step: number
}

/** A step of which a store knows something, in the order of `labels`, or of a histogram. */
export interface Point {
  readonly at: number
  /** The queue or the name, if one series for each is asked for. */
  readonly label?: string | null | undefined
  readonly numbers: ReadonlyArray<number>
}

/** Widens the time to whole steps. */
export const asked = (filter: SeriesFilter): Result.Result<Asked, JobInvalid> => {
  const { by, from, name, of, queue, to } = filter
  const step = Duration.toMillis(Duration.fromInputUnsafe(filter.step))
  if (!(from.getTime() < to.getTime())) return invalid("it ends before it begins")
  if (!isWhole(step)) return invalid("a step is whole minutes, or from an hour on whole hours")
  if (of === "depth" || of === "latency") {
    if (name !== undefined) return invalid(`the ${of} is known of queues, not of names`)
    if (by !== undefined) return invalid(`the ${of} is one series, not one for each ${by}`)
  }
  const aligned = {
    from: Math.floor(from.getTime() / step) * step,
    to: Math.ceil(to.getTime() / step) * step
  }
  return (aligned.to - aligned.from) / step > pointsMax
    ? invalid(`it has more than ${pointsMax.toLocaleString("en")} points`)
    : Result.succeed({ of, queue, name, by, step, ...aligned })
}

/** How many queues or names have a series of their own. */
export const labelsMax = ({ from, step, to }: Asked): number =>
  Math.min(100, Math.floor(valuesMax / ((to - from) / step)))

/** The series of these points, which may leave out steps. */
export const of = (asked: Asked, points: ReadonlyArray<Point>): SeriesValues => {
  const { from, step, to } = asked
  const times = Array.from({ length: (to - from) / step }, (_, n) => from + n * step)
  return {
    t: times.map((time) => new Date(time).toISOString()),
    series: asked.by === undefined ? together(asked, times, points) : each(asked, times, points)
  }
}

/** One series for each end or percentile. */
const together = ({ of }: Asked, times: ReadonlyArray<number>, points: ReadonlyArray<Point>) => {
  const known = new Map(points.map(({ at, numbers }) => [at, numbers]))
  return labels[of].map((label, place) => ({
    label,
    values: times.map((time) => valueOf(of, known.get(time), place))
  }))
}

/** One series for each queue or name, the one with the most runs first. */
const each = ({ of }: Asked, times: ReadonlyArray<number>, points: ReadonlyArray<Point>) => {
  const known = new Map<string, Map<number, ReadonlyArray<number>>>()
  for (const { at, label, numbers } of points) {
    const some = known.get(label ?? "") ?? new Map<number, ReadonlyArray<number>>()
    known.set(label ?? "", some.set(at, numbers))
  }
  return Array.from(known, ([label, some]) => ({ label, some, runs: runsOf(some) }))
    .toSorted((a, b) => b.runs - a.runs || (a.label < b.label ? -1 : 1))
    .map(({ label, some }) => ({
      label,
      values: times.map((time) => oneValueOf(of, some.get(time)))
    }))
}

const runsOf = (some: ReadonlyMap<number, ReadonlyArray<number>>): number =>
  Array.from(some.values()).reduce((runs, numbers) => runs + sum(numbers), 0)

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((all, n) => all + n, 0)

const oneValueOf = (
  of: SeriesFilter["of"],
  numbers: ReadonlyArray<number> | undefined
): number | null =>
  of === "finished" ? sum(numbers ?? []) : (numbers && Buckets.quantile(numbers, .95)) ?? null

const valueOf = (
  of: SeriesFilter["of"],
  numbers: ReadonlyArray<number> | undefined,
  place: number
): number | null => {
  if (of === "wait" || of === "run") {
    return (numbers && Buckets.quantile(numbers, quantiles[place]!)) ?? null
  }
  return numbers?.[place] ?? (of === "finished" ? 0 : null)
}

const quantiles = [.5, .95, .99]
const percentiles = ["p50", "p95", "p99"]

const labels: Readonly<Record<SeriesFilter["of"], ReadonlyArray<string>>> = {
  finished: outcomes,
  wait: percentiles,
  run: percentiles,
  depth: ["ready", "waiting", "running", "scheduled", "blocked"],
  latency: ["latency"]
}

const pointsMax = 1000

/** Of all series of one answer, where there is one for each queue or name. */
const valuesMax = 10_000

const isWhole = (step: number): boolean => step > 0 && step % (step < hour ? 60_000 : hour) === 0

const hour = 3_600_000

const invalid = (why: string) => Result.fail(new JobInvalid({ issue: `no such series: ${why}` }))
