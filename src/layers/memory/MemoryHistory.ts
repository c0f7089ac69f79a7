/**
 * The history of the queue in memory: how the jobs of the last day ended, and those of them that
 * can be queued again.
 */
import { Duration } from "effect"
import type { RetryFilter } from "../../domain/ByHand.ts"
import type { FailedFilter, FailedJob } from "../../domain/FailedJob.ts"
import { JobEnd } from "../../domain/JobEnd.ts"
import type { Overview } from "../../domain/Overview.ts"
import type { Finished as Ended, Outcome } from "../../domain/ProtocolSteps.ts"
import type { StoredJob } from "./MemoryJob.ts"

export class MemoryHistory {
  readonly #ended = new Map<bigint, Summary>()
  /** Those that completed, the oldest end first. */
  readonly #done = new Map<bigint, { readonly job: StoredJob; readonly at: number }>()
  /** Those that did not complete, the oldest end first. */
  readonly #unwell = new Map<bigint, Unwell>()

  add({ error, failure, job, outcome }: Ended<StoredJob>, at: number): void {
    this.#ended.set(job.id, { queue: job.queue, name: job.name, outcome, at })
    if (outcome === "completed") {
      this.#done.set(job.id, { job, at })
      dropOldest(this.#done)
    } else {
      this.#unwell.set(job.id, { job, outcome, at, error, failure })
      dropOldest(this.#unwell)
    }
  }

  /** A job that has ended, whatever its outcome. */
  find(id: bigint): StoredJob | undefined {
    return this.unwell(id) ?? this.#done.get(id)?.job
  }

  /** A job that did not complete, and can be queued again. */
  unwell(id: bigint): StoredJob | undefined {
    return this.#unwell.get(id)?.job
  }

  /** Takes a job out that did not complete, to queue it again. */
  take(id: bigint): StoredJob | undefined {
    const job = this.#unwell.get(id)?.job
    if (job === undefined) return undefined
    this.#unwell.delete(id)
    this.#ended.delete(id)
    return job
  }

  /** Drops history after a day. */
  prune(now: number): void {
    for (const history of [this.#ended, this.#unwell, this.#done]) {
      for (const [id, { at }] of history) {
        if (at <= now - Duration.toMillis("1 day")) history.delete(id)
      }
    }
  }

  outcomeOf(id: bigint): Outcome | undefined {
    return this.#ended.get(id)?.outcome
  }

  /** How a job has ended of which no result is kept. */
  endOf(id: bigint): JobEnd | undefined {
    const ended = this.#ended.get(id)
    if (ended === undefined) return undefined
    const { name, outcome } = ended
    const { error = outcome, failure } = this.#unwell.get(id) ?? {}
    switch (outcome) {
      case "completed":
        return JobEnd.Gone({ name })
      case "cancelled":
        return JobEnd.Cancelled({ name, reason: error })
      default:
        return JobEnd.Failed({
          name,
          outcome,
          error,
          failure: failure === undefined ? undefined : JSON.parse(failure)
        })
    }
  }

  /** The jobs that are kept as a whole, the newest end first. */
  newest(): ReadonlyArray<Kept> {
    const done = Array.from(
      this.#done.values(),
      (one): Kept => ({ ...one, outcome: "completed", error: undefined })
    )
    return [...done, ...this.#unwell.values()]
      .toSorted((a, b) => b.at - a.at || Number(b.job.id - a.job.id))
  }

  summaries(): ReadonlyArray<Summary> {
    return Array.from(this.#ended.values())
  }

  /** The ends of jobs since then, counted by name, of the names that have failures. */
  endsSince(since: number): Overview["ends"]["names"] {
    const counts = new Map<
      string,
      { queue: string; name: string; failed: number; completed: number }
    >()
    for (const { at, name, outcome, queue } of this.#ended.values()) {
      if (at < since) continue
      const id = JSON.stringify([queue, name])
      const count = counts.get(id) ?? { queue, name, failed: 0, completed: 0 }
      counts.set(id, count)
      if (outcome === "completed") count.completed++
      if (outcome === "failed" || outcome === "crashed") count.failed++
    }
    return Array.from(counts.values())
      .filter(({ failed }) => failed > 0)
      .toSorted((a, b) => b.failed - a.failed)
  }

  /** The jobs that the filter names, by their ids. */
  idsOf({ errorLike, name, outcome, queue, since }: RetryFilter): ReadonlyArray<bigint> {
    return Array.from(this.#unwell.values())
      .filter((one) =>
        (queue === undefined || one.job.queue === queue) &&
        (name === undefined || one.job.name === name) &&
        (outcome === undefined ? hasFailed(one) : one.outcome === outcome) &&
        (since === undefined || one.at >= since.getTime()) &&
        (errorLike === undefined || one.error?.includes(errorLike) === true)
      )
      .map(({ job }) => job.id)
      .toSorted((a, b) => Number(a - b))
  }

  /** The failed jobs, the newest end first. */
  failed({ limit, name, queue, since }: FailedFilter): ReadonlyArray<FailedJob> {
    const ids = new Set(this.idsOf({ queue, name, since }))
    return Array.from(this.#unwell.values())
      .filter(({ job }) => ids.has(job.id))
      .toReversed()
      .slice(0, limit)
      .map(({ at, error, job, outcome }) => ({
        id: job.id,
        queue: job.queue,
        name: job.name,
        outcome,
        finishedAt: new Date(at),
        attempts: job.failures + (outcome === "failed" ? 1 : 0),
        error
      }))
  }
}

/** The payloads of finished jobs take memory. */
const dropOldest = (history: Map<bigint, unknown>): void => {
  const [oldest] = history.keys()
  if (oldest !== undefined && history.size > keptMax) history.delete(oldest)
}

/** The most jobs of each of the two that can be queued again. */
const keptMax = 10_000

/** How a job ended. */
export interface Summary {
  readonly queue: string
  readonly name: string
  readonly outcome: Outcome
  readonly at: number
}

/** A finished job that is kept as a whole. */
export interface Kept {
  readonly job: StoredJob
  readonly outcome: Outcome
  readonly at: number
  readonly error: string | undefined
}

interface Unwell extends Kept {
  readonly failure: string | undefined
}

const hasFailed = ({ outcome }: Unwell): boolean => outcome === "failed" || outcome === "crashed"
