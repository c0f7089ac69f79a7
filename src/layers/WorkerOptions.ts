/**
 * The options of a worker.
 */
import type { Duration, Redacted } from "effect"

/**
 * How a worker works. A value that cannot work fails as `SettingInvalid`, which names it, when the
 * layer is built.
 */
export interface Options {
  /** How many jobs run at once, 1 to 10,000. Defaults to 5. */
  readonly workers?: number | undefined
  /** Another name for `workers`; where both are given, they are the same number. */
  readonly concurrency?: number | undefined
  /** The queues to work on, at least one, none twice. Defaults to "default" alone. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** The schema that holds pgq's tables. Defaults to "pgq". */
  readonly schema?: string | undefined
  /**
   * How long a closing scope waits for running jobs, and cancelled jobs may clean up, 7 days at
   * most. Defaults to 30 seconds.
   */
  readonly grace?: Duration.Input | undefined
  /** How this worker is called in listings. Defaults to "pgq". */
  readonly label?: string | undefined
  /** A fresh uuid for this start. Defaults to a random one. */
  readonly workerId?: string | undefined
  /** How to be woken: by LISTEN, or by the clock behind a pooler. Defaults to "listen". */
  readonly notify?: "listen" | "poll" | undefined
  /**
   * How long this worker counts as alive without renewing, 0.1 seconds to 1 day. Defaults to 15
   * seconds.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How long a handler may keep the thread to itself before it counts as hanging. Defaults to 10
   * minutes.
   */
  readonly hangLimit?: Duration.Input | undefined
  /**
   * What happens then: its jobs go to others although it may go on beside them, or the process is
   * killed before they do. Defaults to "abandon".
   */
  readonly onHang?: "abandon" | "kill" | undefined
  /**
   * How the watchdog's thread connects, which renews the lease while a handler computes. A thread
   * cannot be given a function, such as `stream` or one in `ssl`: a client with one needs a
   * connection string here, by libpq's rules. With "none" there is no watchdog, and a worker whose
   * handler computes for longer than the lease is reported dead. Defaults to the client's settings.
   */
  readonly watchdog?: Redacted.Redacted<string> | "none" | undefined
}
