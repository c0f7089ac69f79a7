/**
 * The signals that a worker's loop waits for.
 */
import { Effect, Queue } from "effect"

export type Changes = Effect.Success<typeof make>

export const make = Effect.gen(function*() {
  const signals = yield* Queue.sliding<void>(1)
  let isWoken = false
  const look = (): void => void Queue.offerUnsafe(signals, undefined)
  const next = Queue.take(signals)

  return {
    /** Something has changed: the loop decides its next step. A call too many is harmless. */
    look,
    /** A claim may find jobs that the last one did not. A call too many costs a claim. */
    wake: (): void => {
      isWoken = true
      look()
    },
    /** A claim begins: it finds all that woke the worker before. */
    forgetWakes: (): void => {
      isWoken = false
    },
    /** Waits for a change. */
    next,
    /** Waits until the worker is woken. */
    woken: Effect.suspend(() =>
      isWoken ? Effect.void : Effect.repeat(next, { until: () => isWoken })
    )
  }
})
