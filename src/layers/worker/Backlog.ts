/**
 * The jobs that a worker has claimed and that wait for a slot.
 */
import { MutableList } from "effect"
import type { LaneRun } from "./LaneRun.ts"

export class Backlog {
  readonly #runs = MutableList.make<LaneRun>()
  readonly #release: (run: LaneRun) => void
  #isOpen = true

  /** `release` gives a run back to its queue. */
  constructor(release: (run: LaneRun) => void) {
    this.#release = release
  }

  /** Whether jobs start. A closed backlog gives back every job that is added. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  get size(): number {
    return this.#runs.length
  }

  /** The next run to start, if there is one. */
  take(): LaneRun | undefined {
    if (!this.#isOpen) return undefined
    const run = MutableList.take(this.#runs)
    return run === MutableList.Empty ? undefined : run
  }

  add(runs: ReadonlyArray<LaneRun>): void {
    MutableList.appendAll(this.#runs, runs)
    // A claim that was sent before the stop request may still be answered.
    if (!this.#isOpen) this.release(() => true)
  }

  /** The rest of a run whose slot has ended starts next. */
  putBack(run: LaneRun): void {
    run.resume()
    MutableList.prepend(this.#runs, run)
    if (!this.#isOpen) this.release(() => true)
  }

  release(isDue: (run: LaneRun) => boolean): void {
    MutableList.filter(this.#runs, (run) => {
      if (!isDue(run)) return true
      this.#release(run)
      return false
    })
  }

  close(): void {
    this.#isOpen = false
    this.release(() => true)
  }

  /** Drops runs whose lease is gone. The worker has nothing to give back. */
  drop(isLost: (run: LaneRun) => boolean): void {
    MutableList.filter(this.#runs, (run) => !isLost(run))
  }

  toArray(): ReadonlyArray<LaneRun> {
    return MutableList.toArray(this.#runs)
  }
}
