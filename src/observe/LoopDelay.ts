/**
 * Measures how late the thread comes to its timers.
 */
import { Effect } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"

/** Answers the 99th percentile of the last ten seconds, in seconds. */
export const make = Effect.gen(function*() {
  const monitor = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const monitor = monitorEventLoopDelay({ resolution: resolution })
      monitor.enable()
      return monitor
    }),
    (monitor) => Effect.sync(() => monitor.disable())
  )
  let delay = 0
  const read = Effect.sync(() => {
    // The monitor measures the time between its own timers.
    delay = Math.max(monitor.percentile(99) / 1e6 - resolution, 0) / 1000
    monitor.reset()
  })
  yield* read.pipe(Effect.delay("10 seconds"), Effect.forever, Effect.forkScoped)
  return () => delay
})

/** Milliseconds. */
const resolution = 20
