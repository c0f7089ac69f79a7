/**
 * Background work that only the end of its scope may end: a defect is said aloud, and after a pause
 * the work begins again. Without this, one would leave behind a worker that lives and does nothing.
 */
import { Cause, type Duration, Effect, Schedule } from "effect"

export const restartOnDefect = (
  what: string,
  pause: Duration.Input = "1 second"
): <A, R>(work: Effect.Effect<A, never, R>) => Effect.Effect<A, never, R> =>
(work) =>
  work.pipe(
    Effect.sandbox,
    Effect.tapError((cause) => {
      // A driver that is closed interrupts those who wait for it.
      const log = Cause.hasInterruptsOnly(cause) ? Effect.logDebug : Effect.logError
      return log(`${what} has broken off, and goes on soon`, cause)
    }),
    Effect.retry(Schedule.spaced(pause)),
    Effect.catch(Effect.failCause)
  )
