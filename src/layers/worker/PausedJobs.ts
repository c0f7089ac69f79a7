/**
 * Gives back the jobs of a worker that were paused meanwhile.
 *
 * The pauses are rows of the store, which each claim obeys. A wake-up, a renewal or a new listener
 * says that there may be some that concern jobs of before. If the question fails, the next renewal
 * asks again.
 */
import { Effect, Queue } from "effect"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { JobRunner } from "./JobRunner.ts"

export type PausedJobs = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ claimed, queues, runs }: {
  readonly queues: ReadonlyArray<string>
  readonly runs: JobRunner
  /** Waits for a claim that is under way: it may bring jobs that were paused meanwhile. */
  readonly claimed: Effect.Effect<void>
}) {
  const registry = yield* WorkerRegistry
  const requests = yield* Queue.sliding<void>(1)
  const giveBack = Effect.gen(function*() {
    const pauses = yield* registry.pauses(queues)
    runs.heedPauses(pauses)
    yield* claimed
    runs.heedPauses(pauses)
  })
  return {
    /** Jobs of the worker may have been paused, or resumed. */
    request: (): void => void Queue.offerUnsafe(requests, undefined),
    handle: Queue.take(requests).pipe(
      Effect.andThen(Effect.ignore(giveBack)),
      restartOnDefect("pausing"),
      Effect.forever
    )
  }
})
