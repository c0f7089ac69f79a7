/**
 * How long the jobs of one worker take, as it learns from those that end.
 */
import * as Prefetch from "../../domain/Prefetch.ts"

/** Changed in place: a run that ends allocates nothing here. */
export class Timings implements Prefetch.Timings {
  took: number | undefined = undefined
  between: number | undefined = undefined
  #lastEndedAt = 0
  #hadBacklog = false

  /** A run has ended, and so many others wait for a slot. */
  learn(run: { readonly startedAt: number }, endedAt: number, backlog: number): void {
    this.took = Prefetch.average(this.took, endedAt - run.startedAt)
    if (this.#hadBacklog) {
      this.between = Prefetch.average(this.between, endedAt - this.#lastEndedAt)
    }
    this.#hadBacklog = backlog > 0
    this.#lastEndedAt = endedAt
  }

  /** Too much was claimed: nothing is claimed ahead until jobs have proved to be short again. */
  slowDown(): void {
    this.took = Prefetch.slow
  }

  /** Milliseconds since a run last ended. */
  sinceEnd(now: number): number {
    return now - this.#lastEndedAt
  }
}
