/**
 * The figures of the queue in memory by minutes, for two days.
 */
import { Duration } from "effect"
import * as Pulse from "../../domain/Pulse.ts"

export interface MemoryMinute extends Pulse.Pulse {
  /** When the minute began. */
  readonly at: number
}

export class MemoryFigures {
  readonly #minutes = new Map<string, MemoryMinute>()

  add(pulses: ReadonlyArray<Pulse.Pulse>, now: number): void {
    const at = Math.floor(now / minute) * minute
    for (const pulse of pulses) {
      const key = JSON.stringify([at, pulse.queue, pulse.name])
      const before = this.#minutes.get(key)
      this.#minutes.set(key, {
        ...pulse,
        at,
        counts: Pulse.added(before?.counts ?? [], pulse.counts),
        wait: Pulse.added(before?.wait ?? [], pulse.wait),
        run: Pulse.added(before?.run ?? [], pulse.run)
      })
    }
  }

  minutes(): ReadonlyArray<MemoryMinute> {
    return Array.from(this.#minutes.values())
  }

  prune(now: number): void {
    for (const [key, { at }] of this.#minutes) {
      if (at < now - Duration.toMillis("2 days")) this.#minutes.delete(key)
    }
  }
}

const minute = 60_000
