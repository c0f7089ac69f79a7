/**
 * The settlements of a worker that the store has not recorded yet, in the order in which they are
 * sent.
 */
import type { Settled } from "../../services/JobRepo.ts"
import type { LoggedJob } from "./LogFields.ts"

/** A settlement, and the fields for its log lines. */
export interface Ended extends Settled, LoggedJob {
  readonly key: string | undefined
  readonly isSuspect: boolean
}

type Batch = ReadonlyArray<Ended>

export class Outbox {
  #waiting: Array<Ended> = []
  #sending: Batch = []
  /**
   * Settlements to send later: another transaction locks their rows, or the server ends statements
   * that wait for them.
   */
  #deferred: Batch = []
  #isRetryDue = false
  /** Whether there may be values among the settlements to send. */
  #hasResults = false
  /** Settlements that the present batch sends again. */
  readonly #sentBefore = new Set<Ended>()

  add(ended: Ended): void {
    if (bytesOf(ended) > 0) this.#hasResults = true
    this.#waiting.push(ended)
  }

  /** Takes the next batch, which stays here until it is `sent`. */
  next(): Batch {
    const retried = this.#isRetryDue ? this.#deferred : []
    if (this.#isRetryDue) this.#deferred = []
    this.#isRetryDue = false
    // If the last batch was interrupted, its settlements are still here. Deferred settlements go
    // before later ones of their lanes.
    const old = [...retried, ...this.#sending]
    for (const one of old) this.#sentBefore.add(one)
    const all = [...old, ...this.#waiting]
    const size = this.#hasResults ? sizeOf(all) : batchMax
    if (this.#hasResults) this.#hasResults = size < all.length
    this.#sending = all.slice(0, size)
    this.#waiting = all.slice(size)
    return this.#sending = this.inTurn(this.#sending)
  }

  sent(): void {
    if (this.#sentBefore.size > 0) this.#sending.forEach((one) => this.#sentBefore.delete(one))
    this.#sending = []
  }

  defer(batch: Batch): void {
    this.#deferred = [...this.#deferred, ...batch]
  }

  /** The next batch begins with the deferred settlements. */
  retryDeferred(): void {
    this.#isRetryDue = true
  }

  wasSentBefore(one: Ended): boolean {
    return this.#sentBefore.size > 0 && this.#sentBefore.has(one)
  }

  /**
   * The batch without settlements whose run has an earlier deferred one; they wait behind it. A job
   * that goes back takes all of its run out of the lease, so a later job of the run that has
   * finished would run again.
   */
  inTurn(batch: Batch): Batch {
    if (this.#deferred.length === 0) return batch
    const runs = new Set(this.#deferred.map(runOf))
    const isBehind = (one: Ended) => one.key !== undefined && runs.has(runOf(one))
    this.defer(batch.filter(isBehind))
    return batch.filter((one) => !isBehind(one))
  }

  /** Whether there is something to send at once. */
  get isReady(): boolean {
    return this.#waiting.length > 0 || this.#isRetryDue
  }

  get size(): number {
    return this.#waiting.length + this.#sending.length + this.#deferred.length
  }

  all(): Batch {
    return [...this.#sending, ...this.#waiting, ...this.#deferred]
  }
}

/** A lease belongs to one queue. */
const runOf = ({ key, lease }: Settled): string => `${lease} ${key ?? ""}`

const batchMax = 2000

/** The settlements of one batch, whose values are some megabytes at most. */
const sizeOf = (batch: Batch): number => {
  let bytes = 0
  const first = batch.findIndex((one, n) => {
    bytes += bytesOf(one)
    return n > 0 && bytes > bytesMax
  })
  return Math.min(first < 0 ? batchMax : first, batchMax)
}

const bytesOf = ({ settlement }: Ended): number =>
  settlement._tag === "Completed" ? settlement.result?.value?.length ?? 0 : 0

const bytesMax = 4_194_304
