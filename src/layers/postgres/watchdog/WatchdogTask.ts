/**
 * The messages between a worker's thread and its watchdog's thread. This file imports nothing, so
 * that the thread starts fast.
 */
import type { PgClient } from "@effect/sql-pg"

/** The data with which the thread starts. */
export interface Task {
  /** A thread without this mark is not a watchdog's. */
  readonly pgq: "watchdog"
  readonly worker: string
  /** Milliseconds. */
  readonly lease: number
  /** Milliseconds. */
  readonly hangLimit: number
  /** Whether the watchdog kills the process of a thread that hangs. */
  readonly isHangFatal: boolean
  readonly schema: string
  readonly connection: Connection
  /** Three `BigInt64`: nanoseconds of the machine's monotonic clock, in the order of `Slot`. */
  readonly times: ArrayBufferLike
}

/** The settings that can be copied to a thread, with their secrets in plain text. */
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
  /** A connection string in place of a stream. */
  readonly conninfo: string | undefined
  readonly url: string | undefined
  readonly password: string | undefined
}

/** Sent to the thread while it runs. */
export interface Refreshed {
  readonly password: string
}

export const Slot = {
  /** The last tick of the worker's thread. */
  lastTickAt: 0,
  /** When the worker sent its last successful renewal. */
  renewedAt: 1,
  /** When the watchdog sent its last successful renewal. */
  watchdogRenewedAt: 2
} as const
