/**
 * The program's exit code, and the one line that says why it failed.
 */
import { Cause, Data, Effect, Exit, Predicate, Runtime } from "effect"
import { CliError } from "effect/cli"
import * as ErrorLine from "./ErrorLine.ts"
import * as Log from "./Log.ts"
import * as SignalLatch from "./SignalLatch.ts"

/** Ends the program with this exit code, after its last line is written. */
export class ExitWith extends Data.TaggedError("ExitWith")<{ readonly code: number }> {}

/** A worker keeps working after the reader of its output has gone. */
export const outliveReaders = (): void => {
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
}

/** Ends the process because the command itself is wrong. */
export const misused = (issue: string): void => {
  Log.write(`pgq: ${issue}`)
  process.exitCode = 2
}

/** Runs the program and ends the process with its exit code, once what it printed is written. */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  fiber.addObserver((exit) =>
    teardown(exit, (code) => process.stdout.write("", () => process.exit(code)))
  )
})

export const teardown: Runtime.Teardown = (exit, onExit) => {
  if (Exit.isSuccess(exit)) return onExit(0)
  if (Cause.hasInterruptsOnly(exit.cause)) return onExit(interruptedBy ?? 130)

  const error = Cause.squash(exit.cause)
  if (error instanceof ExitWith) return onExit(error.code)
  // The usage was printed when the error was found.
  if (CliError.isCliError(error) && error._tag === "ShowHelp") {
    return onExit(error.errors.length > 0 ? 2 : 0)
  }
  Log.write(`pgq: ${isOurs(error) ? ErrorLine.of(error) : `bug: ${ErrorLine.withPlace(error)}`}`)
  onExit(1)
}

/**
 * Runs a short command. The first signal interrupts the command, the second ends the process. If
 * the reader of the output has gone, the command ends.
 */
export const bySignal = <A, E, R>(command: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    process.stdout.on("error", () => process.exit(0))
    SignalLatch.listen((signal) => {
      if (signal === "SIGUSR1" || signal === "SIGINFO") return
      if (interruptedBy !== undefined) process.exit(interruptedBy)
      interruptedBy = SignalLatch.exitCode(signal)
      fiber.interruptUnsafe(fiber.id)
    })
    return command
  })

/** The exit code of the signal that interrupted the program. */
let interruptedBy: number | undefined

/**
 * A tagged error explains itself. Any other error is a bug, and its place in the code is printed.
 */
const isOurs = (error: unknown): boolean =>
  error instanceof Error && Predicate.hasProperty(error, "_tag")
