/**
 * How a worker waits between claims while there are no jobs, as `Idle` says.
 */
import { Duration, Effect, Option, Queue, Random } from "effect"
import * as Idle from "../../domain/Idle.ts"
import { Notifier } from "../../services/Notifier.ts"

export const make = Effect.fnUntraced(function*({ changes, queues }: {
  readonly queues: ReadonlyArray<string>
  /** Says that there may be something to look for. */
  readonly changes: Queue.Dequeue<void>
}) {
  const notifier = yield* Notifier
  let idle = Idle.initial

  const lookForUnannounced = Effect.gen(function*() {
    const hasUnannounced = yield* notifier.mayHaveMissed(queues).pipe(
      Effect.orElseSucceed(() => false)
    )
    // Only now: the worker may have joined again meanwhile.
    idle = Idle.afterLook(idle, hasUnannounced)
  })

  const change = Effect.fnUntraced(function*(longest: Duration.Input) {
    const millis = Idle.pauseMax(idle, Duration.toMillis(longest))
    const jittered = yield* Random.nextBetween(millis * 0.8, millis)
    return yield* Effect.timeoutOption(Queue.take(changes), Duration.millis(jittered))
  })

  return {
    /** Takes in what has become of a claim. */
    learn: (step: (idle: Idle.Idle) => Idle.Idle): void => {
      idle = step(idle)
    },

    /** Waits after an empty round: for a change, or `longest`. */
    pause: Effect.fnUntraced(function*(longest: Duration.Input) {
      if (idle.sleep === "falling asleep") {
        idle = Idle.asleep(idle)
        return yield* lookForUnannounced
      }
      const isWatchful = Idle.isWatchful(idle)
      const woken = yield* change(longest)
      idle = Idle.afterPause(idle, { isWoken: Option.isSome(woken) })
      if (isWatchful) yield* lookForUnannounced
    })
  }
})
