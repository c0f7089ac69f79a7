/**
 * Counts what a worker does, in arrays that change in place: the end of a run allocates nothing
 * here, and whoever wants the figures reads them.
 */
import {
  bounds,
  type Durations,
  type Figures,
  type FiguresWatch,
  type KindFigures,
  kindsMax,
  otherKinds,
  outcomes,
  type RunEnd,
  type StepFigures,
  type WorkerGauges
} from "../../domain/Figures.ts"

export class Tallies {
  readonly #kinds = new Map<string, Map<string, KindTally>>()
  readonly #queues: ReadonlyMap<string, QueueTally>
  readonly #steps = new Map<string, StepTally>()
  readonly #watches = new Set<FiguresWatch>()
  #kindsCount = 0
  /** The kind of the last end: most jobs are of the kind of the one before. */
  #last: KindTally | undefined

  constructor(queues: ReadonlyArray<string>) {
    this.#queues = new Map(queues.map((queue) => [queue, { queue, claimed: 0 }]))
  }

  /** A claim has brought these jobs. */
  claimed(jobs: ReadonlyArray<{ readonly queue: string }>): void {
    let own: QueueTally | undefined
    for (const { queue } of jobs) {
      if (own?.queue !== queue) own = this.#queues.get(queue)
      if (own !== undefined) own.claimed++
    }
  }

  /** A job has left its run. */
  ended({ name, queue }: Counted, end: RunEnd): KindTally {
    let kind = this.#last
    if (kind?.name !== name || kind.queue !== queue) {
      kind = this.#last = this.#kinds.get(queue)?.get(name) ?? this.#add(queue, name)
    }
    kind.ended[places[end]]!++
    kind.idleMinutes = 0
    return kind
  }

  /** The store has answered, or failed with an error of this class. */
  asked(step: StepFigures["step"], millis: number, error: string | undefined): void {
    const key = `${step} ${error ?? ""}`
    let tally = this.#steps.get(key)
    if (tally === undefined) {
      tally = { step, error, took: new Histogram() }
      this.#steps.set(key, tally)
      for (const watch of this.#watches) watch.onStep(tally)
    }
    tally.took.add(millis)
  }

  /** Called each minute: forgets the kinds of which no job has ended for an hour. */
  readonly forgetIdle = (): void => {
    for (const kinds of this.#kinds.values()) {
      for (const [name, kind] of kinds) {
        if (kind.idleMinutes++ < 60) continue
        kinds.delete(name)
        if (this.#last === kind) this.#last = undefined
        this.#kindsCount--
        for (const watch of this.#watches) watch.onKindGone(kind)
      }
    }
  }

  figures(gauges: () => WorkerGauges): Figures {
    return {
      queues: Array.from(this.#queues.values()),
      gauges,
      watch: (watch) => {
        this.#watches.add(watch)
        for (const kinds of this.#kinds.values()) {
          for (const kind of kinds.values()) watch.onKind(kind)
        }
        for (const step of this.#steps.values()) watch.onStep(step)
        return () => void this.#watches.delete(watch)
      }
    }
  }

  #add(queue: string, name: string): KindTally {
    let kinds = this.#kinds.get(queue)
    if (kinds === undefined) {
      kinds = new Map()
      this.#kinds.set(queue, kinds)
    }
    if (this.#kindsCount >= kindsMax && name !== otherKinds) {
      return kinds.get(otherKinds) ?? this.#add(queue, otherKinds)
    }
    const kind = new KindTally(queue, name)
    kinds.set(name, kind)
    this.#kindsCount++
    for (const watch of this.#watches) watch.onKind(kind)
    return kind
  }
}

interface Counted {
  readonly queue: string
  readonly name: string
}

export class KindTally implements KindFigures {
  readonly queue: string
  readonly name: string
  readonly ended: Array<number> = outcomes.map(() => 0)
  readonly waited = new Histogram()
  readonly ran = new Histogram()
  idleMinutes = 0

  constructor(queue: string, name: string) {
    this.queue = queue
    this.name = name
  }
}

interface QueueTally {
  readonly queue: string
  claimed: number
}

interface StepTally extends StepFigures {
  readonly took: Histogram
}

class Histogram implements Durations {
  readonly buckets: Array<number> = [...bounds, Infinity].map(() => 0)
  count = 0
  sum = 0
  min = Infinity
  max = -Infinity
  /** The bucket of the last value: most values fall into that of the one before. */
  #last = 0

  add(millis: number): void {
    const seconds = millis > 0 ? millis / 1000 : 0
    let bucket = this.#last
    while (bucket > 0 && seconds <= bounds[bucket - 1]!) bucket--
    while (bucket < bounds.length && seconds > bounds[bucket]!) bucket++
    this.#last = bucket
    this.buckets[bucket]!++
    this.count++
    this.sum += seconds
    if (seconds < this.min) this.min = seconds
    if (seconds > this.max) this.max = seconds
  }
}

const places: Readonly<Record<RunEnd, number>> = {
  completed: outcomes.indexOf("completed"),
  failed: outcomes.indexOf("failed"),
  blocked: outcomes.indexOf("blocked"),
  retried: outcomes.indexOf("retried"),
  snoozed: outcomes.indexOf("snoozed"),
  cancelled: outcomes.indexOf("cancelled"),
  released: outcomes.indexOf("released"),
  unhandled: outcomes.indexOf("unhandled"),
  lost: outcomes.indexOf("lost")
}
