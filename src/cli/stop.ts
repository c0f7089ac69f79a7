/**
 * `pgq stop`: sends a running queue the signal of a stop mode.
 */
import { Effect, Option, Schedule } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { PidFileInvalid } from "../domain/Errors.ts"
import { fromWord, signalOf } from "../domain/StopMode.ts"
import * as Ending from "./Ending.ts"
import * as Flags from "./Flags.ts"
import * as PidFiles from "./PidFiles.ts"

const input = {
  pidFile: Flags.pidFile,
  mode: Argument.String("mode").pipe(
    Argument.withDescription(
      "drain (no job waits), finish (running jobs done), cancel (now); or current, all, now; " +
        "else finish"
    ),
    Argument.filterMap(
      (word) => Option.fromNullishOr(fromWord[word]),
      (word) => `"${word}" is not one of ${Object.keys(fromWord).join(", ")}`
    ),
    Argument.withDefault("finish" as const)
  ),
  wait: Flags.duration("wait").pipe(
    Flag.withDescription("Return when the queue has ended, or fail after this time"),
    Flag.optional
  )
}

export const stop = Command.make(
  "stop",
  input,
  Effect.fnUntraced(function*({ mode, pidFile, wait }) {
    const pid = yield* PidFiles.signal(pidFile, signalOf[mode])
    if (Option.isNone(wait)) return
    yield* PidFiles.isHeld(pidFile, pid).pipe(
      Effect.filterOrFail((isHeld) => !isHeld),
      Effect.retry(Schedule.spaced("50 millis")),
      Effect.timeout(wait.value),
      Effect.mapError(() =>
        new PidFileInvalid({ path: pidFile, issue: `process ${pid} has not ended yet` })
      )
    )
  }, Ending.bySignal)
).pipe(Command.withDescription("Ask a running queue to stop"))
