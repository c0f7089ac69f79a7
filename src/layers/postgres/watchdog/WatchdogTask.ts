/**
 * What passes between a worker's thread and its watchdog's. Imports nothing: the thread starts with
 * it.
 */
import type { PgClient } from "@effect/sql-pg"

/** What the thread is given. */
export interface Task {
  /** No thread that is started with anything else is a watchdog's. */
  readonly pgq: "watchdog"
  readonly worker: string
  /** Milliseconds. */
  readonly lease: number
  /** Milliseconds. */
  readonly hangLimit: number
  /** Whether a thread that hangs is the end of its process. */
  readonly isHangFatal: boolean
  readonly schema: string
  readonly connection: Connection
  /** Three `BigInt64`: nanoseconds of the machine's monotonic clock, in the order of `Slot`. */
  readonly times: ArrayBufferLike
}

/** What can be copied to a thread, with its secrets in the open. */
export interface Connection extends
  Pick<
    PgClient.PgClientConfig,
    | "applicationName"
    | "database"
    | "host"
    | "path"
    | "port"
    | "prepare"
    | "ssl"
    | "startupOptions"
    | "startupParameters"
    | "username"
  >
{
  /** What leads to the server in place of a stream. */
  readonly conninfo: string | undefined
  readonly url: string | undefined
  readonly password: string | undefined
}

/** Sent to the thread while it runs. */
export interface Refreshed {
  readonly password: string
}

export const Slot = {
  /** When the worker's thread last turned. */
  lastTickAt: 0,
  /** When the worker last sent a renewal that succeeded. */
  renewedAt: 1,
  /** When the watchdog did. */
  watchdogRenewedAt: 2
} as const
