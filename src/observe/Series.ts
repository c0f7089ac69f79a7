/**
 * The series of one worker in a registry of Effect's metrics. The registry asks for a value when an
 * exporter reads it, so a job costs a worker no more where metrics are exported.
 */
import { type Context, Metric } from "effect"
import {
  bounds,
  type Durations,
  type Figures,
  type KindFigures,
  outcomes,
  type StepFigures
} from "../domain/Figures.ts"
import { type MetricId, metrics } from "../domain/MetricNames.ts"

type Attributes = Readonly<Record<string, string>>

/** Registers the series that there are, and those that come, until it is undone. */
export const register = (
  figures: Figures,
  options: {
    /** The registry is that of the context. */
    readonly context: Context.Context<never>
    /** How late the thread comes to its timers, in seconds. */
    readonly loopDelay: () => number
  }
): () => void => {
  const { context, loopDelay } = options
  const kinds = new Map<KindFigures, ReadonlyArray<Metric.Registration>>()
  const others = [
    ...figures.queues.map((own) =>
      counter(context, "messaging.client.consumed.messages", {
        attributes: { ...inQueue(own.queue), ...by("claim") },
        read: () => own.claimed
      })
    ),
    ...gauges(context, figures, loopDelay)
  ]
  const unwatch = figures.watch({
    onKind: (kind) => kinds.set(kind, ofKind(context, kind)),
    onKindGone: (kind) => {
      remove(kinds.get(kind) ?? [])
      kinds.delete(kind)
    },
    onStep: (step) => others.push(...ofStep(context, step))
  })
  return () => {
    unwatch()
    remove([...Array.from(kinds.values()).flat(), ...others])
  }
}

const remove = (registrations: ReadonlyArray<Metric.Registration>): void =>
  registrations.forEach((one) => one.remove())

type Registry = Context.Context<never>

const ofKind = (context: Registry, { ended, name, queue, ran, waited }: KindFigures) => {
  const attributes = { ...inQueue(queue), "pgq.job.name": name }
  return [
    histogram(context, "messaging.process.duration", { attributes, durations: ran }),
    histogram(context, "pgq.job.wait.duration", { attributes, durations: waited }),
    ...outcomes.map((outcome, place) =>
      counter(context, "pgq.job.settled", {
        attributes: { ...attributes, "pgq.outcome": outcome },
        read: () => ended[place]!
      })
    )
  ]
}

const ofStep = (context: Registry, { error, step, took }: StepFigures) => {
  const attributes = { ...by(step), ...(error === undefined ? {} : { "error.type": error }) }
  const duration = histogram(context, "messaging.client.operation.duration", {
    attributes,
    durations: took
  })
  return error === undefined
    ? [duration]
    : [duration, counter(context, "pgq.store.errors", { attributes, read: () => took.count })]
}

const gauges = (context: Registry, figures: Figures, loopDelay: () => number) => {
  const now = figures.gauges
  return [
    gauge(context, "pgq.worker.slots", () => now().slots),
    gauge(context, "pgq.worker.running", () => now().running),
    gauge(context, "pgq.worker.claimed", () => now().waiting),
    gauge(context, "pgq.worker.renewal.age", () => now().renewedAgo / 1000),
    gauge(context, "pgq.worker.loop.delay", loopDelay)
  ]
}

/** The attributes that all of pgq's series have. */
export const common: Attributes = { "messaging.system": "pgq" }

export const inQueue = (queue: string): Attributes => ({ "messaging.destination.name": queue })

export const by = (operation: string): Attributes => ({ "messaging.operation.name": operation })

/** OTLP has the unit from an attribute, which Prometheus leaves out. */
export const allOf = (id: MetricId, attributes: Attributes): Attributes => ({
  ...common,
  ...attributes,
  unit: metrics[id].unit
})

const counter = (context: Registry, id: MetricId, { attributes, read }: {
  readonly attributes: Attributes
  readonly read: () => number
}) =>
  Metric.registerUnsafe(
    Metric.counter(id, {
      description: metrics[id].meaning,
      incremental: true,
      attributes: allOf(id, attributes)
    }),
    context,
    { ...pulled, get: () => ({ count: read(), incremental: true }) }
  )

const gauge = (context: Registry, id: MetricId, read: () => number) =>
  Metric.registerUnsafe(
    Metric.gauge(id, { description: metrics[id].meaning, attributes: allOf(id, {}) }),
    context,
    { ...pulled, get: () => ({ value: read() }) }
  )

const histogram = (context: Registry, id: MetricId, { attributes, durations }: {
  readonly attributes: Attributes
  readonly durations: Durations
}) =>
  Metric.registerUnsafe(
    Metric.histogram(id, {
      description: metrics[id].meaning,
      boundaries: bounds,
      attributes: allOf(id, attributes)
    }),
    context,
    { ...pulled, get: () => stateOf(durations) }
  )

/** Nobody updates these series. */
const pulled = { update: () => {}, modify: () => {} }

const stateOf = ({ buckets, count, max, min, sum }: Durations): Metric.HistogramState => {
  let below = 0
  const cumulated = bounds.map((bound, place): [number, number] => {
    below += buckets[place]!
    return [bound, below]
  })
  return { buckets: cumulated, count, sum, min: count === 0 ? 0 : min, max: count === 0 ? 0 : max }
}
