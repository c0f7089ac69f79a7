/**
 * Renews a worker from a thread of its own while the worker's thread is too busy to: a handler that
 * computes for a minute is not taken for dead.
 *
 * The thread shares three times with this one, and loads the database client when it first needs
 * it.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Redacted, type Scope } from "effect"
import { features, hrtime } from "node:process"
import { Worker } from "node:worker_threads"
import type { Watch } from "../../../services/Watchdog.ts"
import * as PgConninfo from "../connection/PgConninfo.ts"
import { type Connection, Slot, type Task } from "./WatchdogTask.ts"

/** What to do about a thread that does not turn any more. */
export interface Hang {
  /** For how long somebody stands in for it. */
  readonly limit: Duration.Duration
  /** Whether its process is killed then. */
  readonly isFatal: boolean
}

export const make: (options: {
  readonly id: string
  readonly lease: Duration.Duration
  readonly schema: string
  readonly config: PgClient.PgClientConfig
  readonly hang: Hang
}) => Effect.Effect<Watch, never, Scope.Scope> = Effect.fnUntraced(function*(options) {
  const { config, hang, id, lease, schema } = options
  const times = new BigInt64Array(new SharedArrayBuffer(3 * BigInt64Array.BYTES_PER_ELEMENT))
  const connection = yield* connectionOf(config)
  yield* launch({
    worker: id,
    lease: Duration.toMillis(lease),
    hangLimit: Duration.toMillis(hang.limit),
    isHangFatal: hang.isFatal,
    schema,
    connection,
    times: times.buffer
  }).pipe(
    Effect.catch((reason) =>
      Effect.logWarning(
        `no second thread can renew for this worker: ${reason}; a handler that computes for ` +
          "longer than the lease has it taken for dead"
      )
    )
  )

  return {
    tick: (renewedAgo) => {
      const now = hrtime.bigint()
      Atomics.store(times, Slot.lastTickAt, now)
      Atomics.store(times, Slot.renewedAt, now - BigInt(Math.round(renewedAgo * 1e6)))
    },
    renewedAgo: () => {
      const watchdogRenewedAt = Atomics.load(times, Slot.watchdogRenewedAt)
      return watchdogRenewedAt === 0n ? Infinity : Number(hrtime.bigint() - watchdogRenewedAt) / 1e6
    }
  }
})

/** Starts the thread; ends it with the scope. Fails with why that cannot be. */
const launch = Effect.fnUntraced(function*(task: Task) {
  // Before 22.18, Node reads no TypeScript: pgq's own tests, which run the sources, go without.
  if (file.pathname.endsWith(".ts") && !features.typescript) return
  const thread = yield* Effect.try({
    try: () => new Worker(file, { workerData: task, execArgv: [], name: "pgq watchdog" }),
    catch: (error) => error instanceof Error ? error.message : String(error)
  })
  thread.unref()
  // It ends when it cannot go on, and the worker's own thread does not suffer.
  thread.on("error", () => {})
  yield* Effect.addFinalizer(() => Effect.promise(() => thread.terminate()))
})

const file = new URL(import.meta.url.replace(/Watchdog(\.\w+)$/, "WatchdogThread$1"))

const connectionOf = Effect.fnUntraced(function*(config: PgClient.PgClientConfig) {
  const password = Effect.isEffect(config.password) ? yield* config.password : config.password
  const { applicationName = "pgq", database, host, path, port, ssl, url, username } = config
  const connection: Connection = {
    conninfo: PgConninfo.textOf(config),
    database,
    host,
    path,
    port,
    ssl,
    username,
    url: url === undefined ? undefined : Redacted.value(url),
    password: password === undefined ? undefined : Redacted.value(password),
    applicationName: `${applicationName} watchdog`,
    startupParameters: config.startupParameters,
    startupOptions: config.startupOptions
  }
  return connection
})
