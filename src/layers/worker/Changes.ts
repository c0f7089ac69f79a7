/**
 * The signals that a worker's loop waits for.
 */
import { Effect, Queue } from "effect"

export type Changes = Effect.Success<typeof make>

export const make = Effect.gen(function*() {
  const signals = yield* Queue.sliding<void>(1)
  let isWoken = false
  let hasHeard = false
  const look = (): void => void Queue.offerUnsafe(signals, undefined)
  const wake = (): void => {
    isWoken = true
    look()
  }
  const next = Queue.take(signals)

  return {
    /** Something has changed: the loop decides its next step. A call too many is harmless. */
    look,
    /** A claim may find jobs that the last one did not. A call too many costs a claim. */
    wake,
    /** A producer has woken the worker. */
    hear: (): void => {
      hasHeard = true
      wake()
    },
    /** Whether a producer has woken the worker since the last claim began. */
    hasHeard: () => hasHeard,
    /** A claim begins: it answers all signals from before. */
    forget: (): void => {
      isWoken = hasHeard = false
      Queue.takeUnsafe(signals)
    },
    /** Waits for a change. */
    next,
    /** Waits until the worker is woken. */
    woken: Effect.suspend(() =>
      isWoken ? Effect.void : Effect.repeat(next, { until: () => isWoken })
    )
  }
})
