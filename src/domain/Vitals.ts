/**
 * How a worker's process does, as it tells the others.
 */
export interface Vitals {
  /** How late the event loop's timers were, the 99th of 100, in seconds. */
  readonly loopDelay: number
  /** The memory of the process, in bytes. */
  readonly rss: number
  /** The jobs that the worker has claimed and not yet started. */
  readonly waiting: number
}
