/**
 * The durations of a worker's jobs, measured as they end.
 */
import * as Prefetch from "../../domain/Prefetch.ts"

/** Changed in place: the end of a run allocates nothing here. */
export class Timings implements Prefetch.Timings {
  took: number | undefined = undefined
  between: number | undefined = undefined
  #lastEndedAt = 0
  #hadBacklog = false

  /** A run has ended while `backlog` others wait for a slot. */
  learn(run: { readonly startedAt: number }, endedAt: number, backlog: number): void {
    this.took = Prefetch.average(this.took, endedAt - run.startedAt)
    if (this.#hadBacklog) {
      this.between = Prefetch.average(this.between, endedAt - this.#lastEndedAt)
    }
    this.#hadBacklog = backlog > 0
    this.#lastEndedAt = endedAt
  }

  /**
   * A claim brought too much: nothing is claimed ahead until jobs have proved to be short again.
   */
  slowDown(): void {
    this.took = Prefetch.slow
  }

  /** Milliseconds since a run last ended. */
  sinceEnd(now: number): number {
    return now - this.#lastEndedAt
  }
}
