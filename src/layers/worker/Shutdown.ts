/**
 * How one worker ends: what a request to stop does at once, the last steps of its loop, and what a
 * closing scope waits for.
 */
import { Clock, Deferred, Duration, Effect, Exit, Option, Scope } from "effect"
import { isFurther, type StopMode } from "../../domain/StopMode.ts"
import * as Backoff from "../effects/Backoff.ts"
import { bounds } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { Heartbeat } from "./Heartbeat.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import type { Settler } from "./Settler.ts"
import * as SettlingLog from "./SettlingLog.ts"

export type Shutdown = Effect.Success<ReturnType<typeof make>>

export interface Options {
  /** How long cancelled jobs may clean up, and how long a closing scope waits for running jobs. */
  readonly grace: Duration.Duration
  readonly runs: JobRunner
  readonly settler: Settler
  readonly heartbeat: Heartbeat
  /** Ends the heartbeat and its watchdog. */
  readonly life: Scope.Closeable
  /** Makes the worker's loop decide its next step at once. */
  readonly wake: () => void
}

export const make = Effect.fnUntraced(function*(options: Options) {
  const { grace, runs, wake } = options
  const clock = yield* Clock.Clock
  const ended = yield* Deferred.make<ReadonlyArray<bigint>>()
  let mode: StopMode | undefined
  let cancelledAt = Infinity
  let hasSignedOff = false

  const stop = (asked: StopMode): void => {
    if (!isFurther(asked, mode)) return
    mode = asked
    if (asked !== "drain") runs.finish()
    if (asked === "cancel") {
      cancelledAt = clock.currentTimeMillisUnsafe()
      runs.cancel()
    }
    wake()
  }

  const end = Effect.gen(function*() {
    const leftBehind = yield* lastWords(options)
    // A job that does not stop keeps its lease until this process has ended and the lease has
    // expired.
    if (leftBehind.length > 0) return leftBehind
    hasSignedOff = yield* signOff(options)
    return leftBehind
  })

  return {
    stop,
    /** Stops as an operator has asked for. A repeated request changes nothing. */
    heed: (asked: StopMode): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (!isFurther(asked, mode)) return Effect.void
        stop(asked)
        return EventLog.info("stop.requested", `asked by an operator: ${asked}`)
      }),
    /** The last steps of the worker's loop. Answers the jobs that are left behind. */
    end,
    ended,
    /** The requested stop mode, if any. */
    mode: () => mode,
    hasSignedOff: () => hasSignedOff,
    /** The milliseconds that cancelled jobs still have; infinite while no job is cancelled. */
    graceLeft: () => cancelledAt + Duration.toMillis(grace) - clock.currentTimeMillisUnsafe(),
    goodbye: goodbye({ grace, stop, runs, ended: Deferred.await(ended) })
  }
})

/** Waits for the settlements of ended jobs. Answers the jobs that still run. */
const lastWords = Effect.fnUntraced(function*({ grace, runs, settler }: Options) {
  runs.finish()
  const left = runs.running().map(({ job }) => job)
  // Ended jobs are recorded however little time is left for running ones.
  yield* Effect.timeoutOption(settler.drained, Duration.max(grace, bounds.lastWords))
  if (settler.size() > 0) yield* SettlingLog.tooLate(settler.jobs())
  if (left.length > 0) yield* SettlingLog.leftBehind(left)
  return left.map(({ id }) => id)
})

/** Whether the store has recorded the sign-off. */
const signOff = Effect.fnUntraced(function*({ heartbeat, life }: Options) {
  // Closed first: a renewal that finds the worker gone would register it again.
  yield* Scope.close(life, Exit.void)
  const hasSignedOff = yield* heartbeat.leave.pipe(
    Effect.tapError((error) =>
      EventLog.warning("worker.sign-off-failed", {
        text: `could not sign off: ${error.message}; trying again for some seconds`,
        fields: LogFields.ofError(error)
      })
    ),
    Effect.retry(Backoff.schedule({ base: "100 millis", cap: bounds.signOff })),
    Effect.interruptible,
    Effect.timeoutOption(bounds.signOff),
    Effect.match({ onSuccess: Option.isSome, onFailure: () => false })
  )
  if (!hasSignedOff) {
    yield* EventLog.error(
      "worker.sign-off-abandoned",
      "stopped without signing off; other workers get its jobs when its lease has expired"
    )
  }
  return hasSignedOff
})

/** The waiting of a closing scope. */
const goodbye = ({ ended, grace, runs, stop }: Pick<Options, "grace" | "runs"> & {
  readonly stop: (asked: StopMode) => void
  readonly ended: Effect.Effect<unknown>
}) => {
  // No run is left that could still clean up.
  const isIdle = Effect.repeat(Effect.sleep("50 millis"), { until: () => runs.count() === 0 })
  return Effect.gen(function*() {
    stop("finish")
    yield* Effect.timeoutOption(ended, grace)
    stop("cancel")
    yield* Effect.timeoutOption(Effect.raceFirst(ended, isIdle), grace)
    const heard = yield* Effect.timeoutOption(ended, bounds.lastWords)
    if (Option.isNone(heard)) {
      yield* EventLog.warning(
        "worker.sign-off-abandoned",
        "the database does not answer: this worker stops without signing off, and other workers " +
          "get its jobs when its lease has expired"
      )
    }
  }).pipe(Effect.ignoreCause)
}
