/**
 * The series of a schema in a registry of Effect's metrics, as the last look has left them.
 */
import { type Context, Metric } from "effect"
import { bounds } from "../domain/Figures.ts"
import type { Overview, PastWorker } from "../domain/Overview.ts"
import { type QueueMetricId, queueMetrics } from "../domain/QueueMetricNames.ts"
import * as QueueReadings from "../domain/QueueReadings.ts"
import * as Series from "./Series.ts"

type Attributes = Readonly<Record<string, string>>

interface Gauge {
  value: number
  readonly registration: Metric.Registration
}

/** The gauges are those of the last look. After one that failed, there are none. */
export class QueueSeries {
  readonly #registry: Context.Context<never>
  readonly #gauges = new Map<string, Gauge>()
  readonly #counters = new Map<string, Gauge>()
  readonly #durations = { counts: bounds.map(() => 0), count: 0, sum: 0, min: Infinity, max: 0 }
  readonly #histogram: Metric.Registration
  /** The ends that the last look has told of. */
  #ends: ReadonlySet<string> | undefined

  constructor(registry: Context.Context<never>) {
    this.#registry = registry
    this.#histogram = Metric.registerUnsafe(
      Metric.histogram("pgq.look.duration", {
        ...this.#options("pgq.look.duration", {}),
        boundaries: bounds
      }),
      registry,
      { ...pulled, get: () => this.#histogramState() }
    )
    for (const end of ["left", "died"]) this.#count("pgq.workers.ended", { "pgq.end": end }, 0)
  }

  /** Shows what a look has found. */
  looked(overview: Overview, seconds: number): void {
    this.#took(seconds)
    for (const part of overview.unread) {
      this.#count("pgq.look.errors", { "error.type": "unread", "pgq.part": part }, 1)
    }
    if (!overview.unread.includes("pastWorkers")) this.#countEnds(overview.pastWorkers)
    this.#show(QueueReadings.of(overview))
  }

  /** Takes back all gauges: nobody knows whether they still hold. */
  failed(errorType: string, seconds: number): void {
    this.#took(seconds)
    this.#count("pgq.look.errors", { "error.type": errorType }, 1)
    this.#show([])
  }

  remove(): void {
    this.#show([])
    this.#histogram.remove()
    for (const { registration } of this.#counters.values()) registration.remove()
  }

  #show(readings: ReadonlyArray<QueueReadings.Reading>): void {
    const shown = new Set<string>()
    for (const { attributes, id, value } of readings) {
      const key = keyOf(id, attributes)
      shown.add(key)
      const known = this.#gauges.get(key)
      if (known !== undefined) {
        known.value = value
        continue
      }
      const registration = Metric.registerUnsafe(
        Metric.gauge(id, this.#options(id, attributes)),
        this.#registry,
        { ...pulled, get: () => ({ value: gauge.value }) }
      )
      const gauge: Gauge = { value, registration }
      this.#gauges.set(key, gauge)
    }
    for (const [key, { registration }] of this.#gauges) {
      if (shown.has(key)) continue
      registration.remove()
      this.#gauges.delete(key)
    }
  }

  /** Those that ended before the first look are not counted. */
  #countEnds(ended: ReadonlyArray<PastWorker>): void {
    const known = this.#ends
    this.#ends = new Set(ended.map(endOf))
    if (known === undefined) return
    for (const one of ended) {
      if (!known.has(endOf(one))) this.#count("pgq.workers.ended", { "pgq.end": one.ended }, 1)
    }
  }

  #count(id: QueueMetricId, attributes: Attributes, more: number): void {
    const key = keyOf(id, attributes)
    const known = this.#counters.get(key)
    if (known !== undefined) {
      known.value += more
      return
    }
    const registration = Metric.registerUnsafe(
      Metric.counter(id, { ...this.#options(id, attributes), incremental: true }),
      this.#registry,
      { ...pulled, get: () => ({ count: counter.value, incremental: true }) }
    )
    const counter: Gauge = { value: more, registration }
    this.#counters.set(key, counter)
  }

  #took(seconds: number): void {
    const own = this.#durations
    for (const [place, bound] of bounds.entries()) if (seconds <= bound) own.counts[place]! += 1
    own.count += 1
    own.sum += seconds
    own.min = Math.min(own.min, seconds)
    own.max = Math.max(own.max, seconds)
  }

  #histogramState(): Metric.HistogramState {
    const { count, counts, max, min, sum } = this.#durations
    return {
      buckets: bounds.map((bound, place): [number, number] => [bound, counts[place]!]),
      count,
      sum,
      min: count === 0 ? 0 : min,
      max
    }
  }

  #options(id: QueueMetricId, attributes: Attributes) {
    return {
      description: queueMetrics[id].meaning,
      attributes: { ...Series.common, ...attributes, unit: queueMetrics[id].unit }
    }
  }
}

/** Nobody updates these series. */
const pulled = { update: () => {}, modify: () => {} }

const keyOf = (id: string, attributes: Attributes): string => JSON.stringify([id, attributes])

/** A worker that was taken for dead may register again, and end a second time. */
const endOf = ({ endedAt, id }: PastWorker): string => `${id} ${endedAt}`
