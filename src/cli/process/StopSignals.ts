/**
 * Signals as stop requests. Each one moves the worker one step on, from drain to finish, to cancel,
 * and to an exit at once. USR1 asks for the status.
 */
import { Effect, Queue, type Scope, Stream, SubscriptionRef } from "effect"
import {
  escalate,
  fromSignal,
  isFurther,
  isStopMode,
  signalOf,
  type StopMode,
  stopModes
} from "../../domain/StopMode.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as SignalLatch from "../SignalLatch.ts"

export interface StopSignals {
  /** The stop mode in force. It only ever becomes stricter. */
  readonly mode: Effect.Effect<StopMode | undefined>
  /** The mode in force and each later one, without end. */
  readonly modes: Stream.Stream<StopMode>
  /** Waits until no new job may start. */
  readonly startsNothing: Effect.Effect<void>
  /** Whether the process is about to exit at once. */
  readonly isExiting: Effect.Effect<boolean>
}

/** Handles signals from now on, and those that the latch has kept. */
export const make: (on: {
  /** A child stops when its parent has gone, because no other process would stop it. */
  readonly isChild: boolean
  readonly status: Effect.Effect<void>
  /** Runs before the process exits at once. */
  readonly exit: Effect.Effect<void>
}) => Effect.Effect<StopSignals, never, Scope.Scope> = Effect.fnUntraced(function*(on) {
  const requests = yield* Queue.unbounded<Request>()
  const mode = yield* SubscriptionRef.make<StopMode | undefined>(undefined)
  SignalLatch.listen((signal) => Queue.offerUnsafe(requests, signal))
  if (on.isChild) {
    process.on("message", (message) => {
      if (isStopMode(message)) Queue.offerUnsafe(requests, message)
      if (message === "cancel") SignalLatch.tellParent("cancelling")
    })
    SignalLatch.tellParent("listening")
    process.once("disconnect", () => Queue.offerUnsafe(requests, "orphaned"))
    if (!process.connected) Queue.offerUnsafe(requests, "orphaned")
  }

  const stop = (next: StopMode, cause: string) =>
    Effect.andThen(
      EventLog.info("stop.requested", `${cause}: ${meaning[next]}`),
      SubscriptionRef.set(mode, next)
    )

  let isExiting = false
  const respond = Effect.fnUntraced(function*(request: Request) {
    const current = yield* SubscriptionRef.get(mode)
    if (request === "orphaned") {
      return isFurther("finish", current)
        ? yield* stop("finish", "the parent process has ended")
        : undefined
    }
    if (isStopMode(request)) {
      return isFurther(request, current) ? yield* stop(request, "asked by the parent") : undefined
    }
    const requested = fromSignal(request)
    if (requested === undefined) return yield* Effect.forkScoped(on.status)
    const next = escalate(current, requested)
    if (next !== "exit") return yield* stop(next, request)
    isExiting = true
    yield* EventLog.warning("stop.at-once", `${request}: exiting at once`)
    yield* on.exit
    process.exit(SignalLatch.exitCode(request))
  })
  yield* Queue.take(requests).pipe(Effect.flatMap(respond), Effect.forever, Effect.forkScoped)

  const modes = Stream.filter(SubscriptionRef.changes(mode), (mode) => mode !== undefined)
  return {
    mode: SubscriptionRef.get(mode),
    modes,
    isExiting: Effect.sync(() => isExiting),
    startsNothing: modes.pipe(
      Stream.filter((mode) => mode !== "drain"),
      Stream.take(1),
      Stream.runDrain
    )
  }
})

/** A signal asks for the next step; a stop mode, sent by the parent, names the step. */
type Request = NodeJS.Signals | StopMode | "orphaned"

const meaning: Record<StopMode, string> = {
  drain: "stop when no job is waiting",
  finish: "stop when the running jobs are done",
  cancel: "interrupt the running jobs, hand them back, stop"
}

/** The commands to copy from the log, each with its meaning. */
export const instructions: ReadonlyArray<string> = [
  ...stopModes.map((mode) => [signalOf[mode].slice("SIG".length), meaning[mode]] as const),
  ["USR1", "write the status to stderr"] as const
].map(([signal, what]) => `kill -${signal.padEnd(4)} ${process.pid}  # ${what}`)
