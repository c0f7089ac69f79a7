/**
 * The settlements of one worker that the store has not recorded yet, in the order to send them in.
 */
import type { Settled } from "../../services/JobRepo.ts"
import type { LoggedJob } from "./LogFields.ts"

/** How a job ended, and what log lines say of it. */
export interface Ended extends Settled, LoggedJob {
  readonly key: string | undefined
}

type Batch = ReadonlyArray<Ended>

export class Outbox {
  #waiting: Array<Ended> = []
  #sending: Batch = []
  /** To be sent later: another transaction holds their rows, or the server gives them up. */
  #deferred: Batch = []
  #isRetryDue = false
  /** Those that the present batch does not send for the first time. */
  readonly #sentBefore = new Set<Ended>()

  add(ended: Ended): void {
    this.#waiting.push(ended)
  }

  /** Takes the next batch, which stays here until it is `sent`. */
  next(): Batch {
    const retried = this.#isRetryDue ? this.#deferred : []
    if (this.#isRetryDue) this.#deferred = []
    this.#isRetryDue = false
    // If the last batch broke off, its settlements are still there. Those that were deferred go
    // before those of their lanes that ended later.
    const old = [...retried, ...this.#sending]
    for (const one of old) this.#sentBefore.add(one)
    const all = [...old, ...this.#waiting]
    this.#sending = all.slice(0, batchMax)
    this.#waiting = all.slice(batchMax)
    return this.#sending = this.inTurn(this.#sending)
  }

  sent(): void {
    if (this.#sentBefore.size > 0) this.#sending.forEach((one) => this.#sentBefore.delete(one))
    this.#sending = []
  }

  defer(batch: Batch): void {
    this.#deferred = [...this.#deferred, ...batch]
  }

  /** The next batch begins with what was deferred. */
  retryDeferred(): void {
    this.#isRetryDue = true
  }

  wasSentBefore(one: Ended): boolean {
    return this.#sentBefore.size > 0 && this.#sentBefore.has(one)
  }

  /**
   * Without those whose lane's run has an earlier one that is deferred, which wait behind it: one
   * that goes back undone takes all of its run out of their lease, and what had finished would run
   * again.
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

/** A lease is of one queue. */
const runOf = ({ key, lease }: Settled): string => `${lease} ${key ?? ""}`

const batchMax = 2000
