/**
 * Measures how the process of a worker does, for a renewal to tell every 10 seconds.
 */
import { Effect } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Vitals } from "../../domain/Vitals.ts"

export type VitalSigns = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ now, waiting }: {
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly waiting: () => number
}) {
  const delays = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const histogram = monitorEventLoopDelay({ resolution })
      histogram.enable()
      return histogram
    }),
    (histogram) => Effect.sync(() => histogram.disable())
  )
  let takenAt = -Infinity

  /** `undefined` if they were taken less than 10 seconds ago. */
  return (): Vitals | undefined => {
    if (now() - takenAt < interval) return undefined
    takenAt = now()
    // The histogram has the times between two turns of its timer.
    const loopDelay = Math.max(delays.percentile(99) / 1e6 - resolution, 0) / 1000
    delays.reset()
    return { loopDelay, rss: process.memoryUsage.rss(), waiting: waiting() }
  }
})

/** Milliseconds: a finer one costs an idle process more turns. */
const resolution = 50

const interval = 10_000
