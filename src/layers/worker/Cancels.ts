/**
 * Learns which of a worker's jobs were cancelled, and interrupts them.
 *
 * The requests are rows of the store. A wake-up, a renewal or a new listener says that there may be
 * some. If the question fails, the next renewal asks again.
 */
import { Effect, Queue } from "effect"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import type { JobRunner } from "./JobRunner.ts"

export type Cancels = Effect.Success<ReturnType<typeof make>>

export const make = Effect.fnUntraced(function*({ runs, worker }: {
  readonly worker: string
  readonly runs: JobRunner
}) {
  const registry = yield* WorkerRegistry
  const requests = yield* Queue.sliding<void>(1)
  return {
    /** Jobs of the worker may have been cancelled. */
    request: (): void => void Queue.offerUnsafe(requests, undefined),
    handle: Queue.take(requests).pipe(
      Effect.andThen(Effect.ignore(Effect.map(registry.cancelRequests(worker), runs.cancelJobs))),
      restartOnDefect("cancelling"),
      Effect.forever
    )
  }
})
