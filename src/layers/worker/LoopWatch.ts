/**
 * Watches the loop that claims jobs: when it last went on, and for what it waits. A loop that does
 * neither is stuck, and only another process can put it right.
 */
import { Effect } from "effect"

export class LoopWatch {
  readonly #now: () => number
  #turnedAt: number
  #answeredAt: number
  #waits = 0
  #asks = 0
  hasClaimed = false

  constructor(now: () => number) {
    this.#now = now
    this.#turnedAt = this.#answeredAt = now()
  }

  /** The loop goes on. */
  turn(): void {
    this.#turnedAt = this.#now()
  }

  /** The store has answered. */
  answered(): void {
    this.#answeredAt = this.#now()
  }

  /** The loop waits for a change: for jobs, for a free slot, for the end of its runs. */
  readonly waiting = <A, E, R>(change: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      this.#waits++
      return Effect.ensuring(change, Effect.sync(() => this.#goOn(() => this.#waits--)))
    })

  /** The loop waits for the store, which answers within its deadline. */
  readonly asking = <A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      this.#asks++
      return Effect.ensuring(step, Effect.sync(() => this.#goOn(() => this.#asks--)))
    })

  get waitsFor(): "work" | "store" | undefined {
    return this.#asks > 0 ? "store" : this.#waits > 0 ? "work" : undefined
  }

  get turnedAgo(): number {
    return this.#now() - this.#turnedAt
  }

  get answeredAgo(): number {
    return this.#now() - this.#answeredAt
  }

  #goOn(end: () => void): void {
    end()
    this.turn()
  }
}
