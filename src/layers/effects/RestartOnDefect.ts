/**
 * Restarts background work after a defect, with a pause, and logs the defect. Without it the
 * process would stay alive and do nothing.
 */
import { Cause, type Duration, Effect, Schedule } from "effect"
import * as EventLog from "./EventLog.ts"

export const restartOnDefect = (
  what: string,
  pause: Duration.Input = "1 second"
): <A, R>(work: Effect.Effect<A, never, R>) => Effect.Effect<A, never, R> =>
(work) =>
  work.pipe(
    Effect.sandbox,
    Effect.tapError((cause) => {
      // A closed driver interrupts the fibers that wait for it.
      const log = Cause.hasInterruptsOnly(cause) ? EventLog.debug : EventLog.error
      return log("loop.crashed", { text: `${what} crashed, and starts again soon`, cause })
    }),
    Effect.retry(Schedule.spaced(pause)),
    Effect.catch(Effect.failCause)
  )
