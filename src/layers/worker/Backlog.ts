/**
 * The jobs that one worker has claimed and that wait for a slot.
 */
import { MutableList } from "effect"
import type { LaneRun } from "./LaneRun.ts"

export class Backlog {
  readonly #runs = MutableList.make<LaneRun>()
  readonly #release: (run: LaneRun) => void
  #isOpen = true

  /** `release` hands a run back to its queue. */
  constructor(release: (run: LaneRun) => void) {
    this.#release = release
  }

  /** Whether jobs start: a closed backlog hands back whatever comes in. */
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
    if (run === MutableList.Empty) return undefined
    run.run()
    return run
  }

  add(runs: ReadonlyArray<LaneRun>): void {
    MutableList.appendAll(this.#runs, runs)
    // A claim that was under way when the end was asked for may still answer.
    if (!this.#isOpen) this.release(() => true)
  }

  /** What is left of a run whose slot has ended starts next. */
  putBack(run: LaneRun): void {
    run.wait()
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

  /** Runs whose lease is gone: there is nothing to hand back. */
  drop(isLost: (run: LaneRun) => boolean): void {
    MutableList.filter(this.#runs, (run) => !isLost(run))
  }

  toArray(): ReadonlyArray<LaneRun> {
    return MutableList.toArray(this.#runs)
  }
}
