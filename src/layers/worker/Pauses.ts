/**
 * The pauses of a worker between claims while there are no jobs. Their lengths come from `Idle`.
 */
import { Duration, Effect, Option, Random } from "effect"
import * as Idle from "../../domain/Idle.ts"
import { Notifier } from "../../services/Notifier.ts"
import type { Changes } from "./Changes.ts"

export const make = Effect.fnUntraced(function*({ changes, queues }: {
  readonly queues: ReadonlyArray<string>
  readonly changes: Changes
}) {
  const notifier = yield* Notifier
  let idle = Idle.initial

  const lookForUnannounced = Effect.gen(function*() {
    const hasUnannounced = yield* notifier.mayHaveMissed(queues).pipe(
      Effect.orElseSucceed(() => false)
    )
    // Read only here, because the worker may have registered again meanwhile.
    idle = Idle.afterLook(idle, hasUnannounced)
  })

  const jittered = Effect.fnUntraced(function*(longest: Duration.Input) {
    const millis = Idle.pauseMax(idle, Duration.toMillis(longest))
    return Duration.millis(yield* Random.nextBetween(millis * 0.8, millis))
  })

  return {
    /** Takes in the result of a claim. */
    learn: (step: (idle: Idle.Idle) => Idle.Idle): void => {
      idle = step(idle)
    },

    /** How the next claim is made. */
    nextClaim: () => ({ isThorough: idle.isThorough, isBusy: Idle.isBusy(idle) }),

    /** Whether each job that is added from now on wakes the worker. */
    hearsOfAll: () => Idle.hearsOfAll(idle),

    /** Pauses after the last claim until a change, or for `longest`. */
    pause: Effect.fnUntraced(function*({ isDraining, longest }: {
      readonly longest: Duration.Input
      /** The worker stops when its jobs are done, so it looks whenever one has ended. */
      readonly isDraining: boolean
    }) {
      if (idle.sleep === "falling asleep") {
        idle = Idle.asleep(idle)
        return yield* lookForUnannounced
      }
      const isWatchful = Idle.isWatchful(idle)
      const isWakeNeeded = Idle.hearsOfAll(idle) && !isDraining
      const change = isWakeNeeded ? changes.woken : changes.next
      const woken = yield* Effect.timeoutOption(change, yield* jittered(longest))
      idle = Idle.afterPause(idle, {
        isWoken: Option.isSome(woken),
        hasHeard: changes.hasHeard()
      })
      if (isWatchful) yield* lookForUnannounced
    })
  }
})
