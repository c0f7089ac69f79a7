/**
 * A thread that renews a worker's lease while a handler keeps the worker's own thread busy. Without
 * it, a worker whose handler computes for a minute would be reported dead.
 *
 * The two threads share three times. The watchdog's thread loads the database client when it first
 * needs the client.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Redacted, type Scope } from "effect"
import { hrtime } from "node:process"
import { Worker } from "node:worker_threads"
import { SettingInvalid, StoreError } from "../../../domain/Errors.ts"
import { renewEvery } from "../../../domain/Lease.ts"
import type { Watch } from "../../../services/Watchdog.ts"
import * as EventLog from "../../effects/EventLog.ts"
import * as WatchdogConnection from "./WatchdogConnection.ts"
import * as WatchdogProgram from "./WatchdogProgram.ts"
import { Slot, type Task } from "./WatchdogTask.ts"

/** A worker's thread that hangs. */
export interface Hang {
  /** For how long the watchdog renews for a thread that does not tick. */
  readonly limit: Duration.Duration
  /** Whether the watchdog kills the process then. */
  readonly isFatal: boolean
}

/** A connection string for the watchdog in place of the client's settings, or no watchdog. */
export type Way = Redacted.Redacted<string> | "none"

interface Options {
  readonly id: string
  readonly lease: Duration.Duration
  readonly schema: string
  readonly config: PgClient.PgClientConfig
  readonly hang: Hang
  readonly way?: Way | undefined
}

export const make: (
  options: Options
) => Effect.Effect<Watch, SettingInvalid | StoreError, Scope.Scope> = Effect.fnUntraced(
  function*({ config, hang, id, lease, schema, way }) {
    if (way === "none") return yield* hang.isFatal ? unwatched : Effect.succeed(absent)
    const connection = yield* WatchdogConnection.make(config, way)
    const times = new BigInt64Array(new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT))
    const thread = yield* launch({
      pgq: "watchdog",
      worker: id,
      lease: Duration.toMillis(lease),
      hangLimit: Duration.toMillis(hang.limit),
      isHangFatal: hang.isFatal,
      schema,
      connection,
      times: times.buffer
    })
    if (thread !== undefined && connection.conninfo === undefined) {
      yield* Effect.forkScoped(sendPasswords(thread, { config, lease }))
    }
    return overTimes(times)
  }
)

const overTimes = (times: BigInt64Array): Watch => ({
  tick: (renewedAgo) => {
    const now = hrtime.bigint()
    Atomics.store(times, Slot.lastTickAt, now)
    Atomics.store(times, Slot.renewedAt, now - BigInt(Math.round(renewedAgo * 1e6)))
  },
  renewedAgo: () => {
    const watchdogRenewedAt = Atomics.load(times, Slot.watchdogRenewedAt)
    return watchdogRenewedAt === 0n ? Infinity : Number(hrtime.bigint() - watchdogRenewedAt) / 1e6
  }
})

const absent: Watch = { tick: () => {}, renewedAgo: () => Infinity }

const unwatched = new SettingInvalid({
  setting: "onHang",
  issue: `only a watchdog kills a process that hangs, and watchdog is "none"`
})

/** Starts the thread, and ends the thread with the scope. */
const launch = Effect.fnUntraced(function*(task: Task) {
  const program = WatchdogProgram.program()
  if (program === undefined) return undefined
  const thread = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        new Worker(program.source, {
          eval: program.isText,
          workerData: task,
          // The application's own preloads must not run in this thread.
          execArgv: [],
          name: "pgq watchdog"
        }),
      catch: notStarted
    }),
    (thread) => Effect.promise(() => thread.terminate())
  )
  yield* watching(thread)
  thread.unref()
  const context = yield* Effect.context<never>()
  // The worker goes on without its watchdog.
  thread.on("error", (error) =>
    void Effect.runForkWith(context)(
      EventLog.warning(
        "watchdog.failed",
        "the watchdog has ended: this worker is reported dead if a handler computes for longer " +
          `than the lease (${textOf(error)})`
      )
    ))
  return thread
})

/** Waits for the thread's first message. */
const watching = (thread: Worker): Effect.Effect<void, StoreError> =>
  Effect.callback((resume) => {
    const onError = (error: unknown) => resume(Effect.fail(notStarted(error)))
    const onExit = () => onError("the thread has ended at once")
    thread.once("error", onError).once("exit", onExit).once("message", () => {
      thread.off("error", onError).off("exit", onExit)
      resume(Effect.void)
    })
  })

const notStarted = (cause: unknown): StoreError =>
  new StoreError({
    operation: "watchdog",
    isTransient: true,
    detail: `the watchdog's thread does not start: ${textOf(cause)}`,
    cause
  })

const textOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/**
 * A password that an Effect fetches may change, and this thread may be too busy to fetch it when
 * the watchdog connects: the watchdog always has the password of the last heartbeat.
 */
const sendPasswords = (thread: Worker, { config, lease }: Pick<Options, "config" | "lease">) =>
  Effect.isEffect(config.password)
    ? WatchdogConnection.passwordOf(config).pipe(
      Effect.flatMap((password) =>
        Effect.sync(() => {
          if (password !== undefined) thread.postMessage({ password: Redacted.value(password) })
        })
      ),
      // The connections of the worker itself report a password that cannot be fetched.
      Effect.ignoreCause,
      Effect.delay(renewEvery(Duration.toMillis(lease))),
      Effect.forever
    )
    : Effect.void
