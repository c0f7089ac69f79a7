/**
 * The options of a worker.
 */
import type { Duration, Redacted } from "effect"
import type { TraceStyle } from "../domain/TraceStyle.ts"

/**
 * The options of a worker. Building the layer fails with `SettingInvalid`, which names the option,
 * if a value cannot work.
 */
export interface Options {
  /** How many jobs run at once, from 1 to 10,000. Defaults to 5. */
  readonly workers?: number | undefined
  /** Another name for `workers`. If both are given, they must be equal. */
  readonly concurrency?: number | undefined
  /** The queues to work on: at least one, and each once. Defaults to "default" alone. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** The schema that contains pgq's tables. Defaults to "pgq". */
  readonly schema?: string | undefined
  /**
   * How long a closing scope waits for running jobs, and how long cancelled jobs may clean up; at
   * most 7 days. Defaults to 30 seconds.
   */
  readonly grace?: Duration.Input | undefined
  /** The worker's name in listings. Defaults to "pgq". */
  readonly label?: string | undefined
  /** A fresh uuid for each start. Defaults to a random one. */
  readonly workerId?: string | undefined
  /** How wake-ups arrive: by LISTEN, or by polling behind a pooler. Defaults to "listen". */
  readonly notify?: "listen" | "poll" | undefined
  /**
   * How long the worker's leases last without a renewal, from 0.1 seconds to 1 day. Defaults to 15
   * seconds.
   */
  readonly lease?: Duration.Input | undefined
  /**
   * How long a handler may block the thread before it counts as hanging. Defaults to 10 minutes.
   */
  readonly hangLimit?: Duration.Input | undefined
  /**
   * The treatment of a hanging handler. With "abandon" other workers get its jobs, and the handler
   * may go on beside them. With "kill" the process is killed before they do. Defaults to "abandon".
   */
  readonly onHang?: "abandon" | "kill" | undefined
  /**
   * How long a run may go on after pgq has interrupted it, before it counts as stuck. A stuck run
   * keeps its slot and its lease. At least 1 millisecond. Defaults to 30 seconds.
   */
  readonly stuckAfter?: Duration.Input | undefined
  /**
   * The treatment of a stuck run. With "wait" the run goes on. With "kill" the worker starts
   * nothing more, and the process is killed when its other runs are settled, at the latest after
   * another `stuckAfter`; then other workers get the job. Defaults to "wait".
   */
  readonly onStuck?: "wait" | "kill" | undefined
  /**
   * How the watchdog's thread connects, which renews the lease while a handler computes. A thread
   * cannot be given a function, such as `stream` or one in `ssl`: a client with one needs a
   * connection string here, by libpq's rules. With "none" there is no watchdog, and a worker whose
   * handler computes for longer than the lease is reported dead. Defaults to the client's settings.
   */
  readonly watchdog?: Redacted.Redacted<string> | "none" | undefined
  /**
   * Where a tracer is installed, the span of a run is a child of the span that added its job, or it
   * begins a trace of its own with a link to that span. "auto" is a child if it is the first
   * attempt of a job that was to run at once and has waited for less than an hour, else a link.
   * Defaults to "auto".
   */
  readonly traceStyle?: TraceStyle | undefined
  /**
   * Whether the spans of runs have the keys of their jobs, which may be personal data. Defaults to
   * false.
   */
  readonly traceKeys?: boolean | undefined
  /**
   * Whether the statements of the worker have spans, of which a worker without jobs makes some each
   * second. Defaults to false.
   */
  readonly traceStore?: boolean | undefined
}
