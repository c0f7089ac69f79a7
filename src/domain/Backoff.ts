/**
 * Delays before another attempt: capped exponential growth with full jitter.
 *
 * Full jitter spreads the retries of a crowd over the whole interval (Marc Brooker, "Exponential
 * Backoff and Jitter", 2015).
 */
import { Duration } from "effect"

/** The wait after the first failure, and the longest one. */
export interface Growth {
  readonly base: Duration.Input
  readonly cap: Duration.Input
}

/** `base × 2^(failures − 1)`, never over `cap`. */
export const doubling = (growth: Growth, failures: number): Duration.Duration =>
  Duration.millis(ceiling({ ...growth, failures }))

/** A wait of up to `base × 2^(failures − 1)`, never over `cap`; `random` is in [0, 1). */
export const fullJitter = (
  options: Growth & {
    readonly failures: number
    readonly random: number
  }
): Duration.Duration => Duration.millis(Math.floor(ceiling(options) * options.random))

/** For a job without a handler: 30 seconds, doubling to 10 minutes. */
export const unhandled = (times: number): Duration.Duration =>
  doubling({ base: "30 seconds", cap: "10 minutes" }, times + 1)

// The exponent is bounded first, so that no number of failures overflows.
const ceiling = (options: Growth & { readonly failures: number }): number =>
  Math.min(
    Duration.toMillis(options.cap),
    Duration.toMillis(options.base) * 2 ** Math.min(Math.max(options.failures - 1, 0), 50)
  )
