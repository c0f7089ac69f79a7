/**
 * How long a worker may trust its leases, and when its watchdog renews for it.
 *
 * All times are milliseconds of one monotonic clock. A worker counts from the moment at which it
 * *sent* a renewal, and stops a fifth of a lease before the store does.
 */

/** How often a worker renews its leases. */
export const renewEvery = (lease: number): number => lease / 3

/**
 * The delay before a failed renewal is tried again. The delay is longer once the leases are no
 * longer trusted, because speed no longer helps.
 */
export const retryEvery = (lease: number, isTrusted: boolean): number =>
  isTrusted ? lease / 10 : lease / 5

/** How long after a renewal was sent the leases certainly belong to the worker. */
export const trustedFor = (lease: number): number => lease * 0.8

/** How often the watchdog observes the worker's thread. */
export const watchEvery = (lease: number): number => Math.max(lease / 15, 20)

/** A thread counts as busy after this long without a heartbeat tick. */
export const busyAfter = (lease: number): number => lease / 5

/** The watchdog's observation of the worker's thread, made every `watchEvery`. */
export interface Observation {
  readonly at: number
  /** The last tick of the worker's thread; 0 before the first. */
  readonly lastTickAt: number
  /**
   * The stalled time that the watchdog has observed. Time in which the whole process was frozen
   * does not count.
   */
  readonly stalledFor: number
}

export const observe = (
  last: Observation,
  now: Pick<Observation, "at" | "lastTickAt"> & { readonly lease: number }
): Observation => ({
  at: now.at,
  lastTickAt: now.lastTickAt,
  stalledFor: now.lastTickAt === 0 || now.lastTickAt !== last.lastTickAt
    ? 0
    : last.stalledFor + Math.min(now.at - last.at, 2 * watchEvery(now.lease))
})

/**
 * Whether the watchdog must renew for a busy thread. It does not renew after the whole process was
 * frozen for longer than the trust lasts, nor for a thread that hangs.
 */
export const needsRenewal = (state: {
  readonly lease: number
  readonly now: number
  /** The last tick of the worker's thread. */
  readonly lastTickAt: number
  /** When the last successful renewal was sent. */
  readonly renewedAt: number
  readonly stalledFor: number
  /** A thread that stalls for this long hangs. */
  readonly hangLimit: number
}): boolean => {
  const still = state.now - state.lastTickAt
  const age = state.now - state.renewedAt
  return still > busyAfter(state.lease) && state.stalledFor < state.hangLimit &&
    age > renewEvery(state.lease) && age < trustedFor(state.lease)
}
