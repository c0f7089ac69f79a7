/**
 * How long a worker may take its leases for its own, and when somebody must renew in its place.
 *
 * All times are milliseconds of one monotonic clock. A worker counts from the moment it *sent* a
 * renewal, and stops a fifth of a lease before the store does.
 */

/** How often a worker renews. */
export const renewEvery = (lease: number): number => lease / 3

/** How soon it tries again when it could not. */
export const retryEvery = (lease: number): number => lease / 10

/** How long after a renewal was sent its leases are certainly still its own. */
export const trustedFor = (lease: number): number => lease * 0.8

/** How often somebody looks whether the worker's thread is still turning. */
export const watchEvery = (lease: number): number => Math.max(lease / 15, 20)

/**
 * Whether to renew in the place of a thread that is busy. Not for one that was frozen beyond its
 * trust together with the one who looks, and not for ever for one that hangs.
 */
export const needsStandIn = (state: {
  readonly lease: number
  readonly now: number
  /** When the worker's thread last turned. */
  readonly turnedAt: number
  /** When the last renewal was sent that succeeded. */
  readonly renewedAt: number
}): boolean => {
  const still = state.now - state.turnedAt
  const age = state.now - state.renewedAt
  return still > state.lease / 5 && still < stillMax &&
    age > renewEvery(state.lease) && age < trustedFor(state.lease)
}

/** Ten minutes: a thread that has not turned for so long hangs. */
export const stillMax = 600_000
