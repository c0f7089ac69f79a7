/**
 * How long a worker may take its leases for its own, and when somebody must renew in its place.
 *
 * All times are milliseconds of one monotonic clock. A worker counts from the moment it *sent* a
 * renewal, and stops a fifth of a lease before the store does.
 */

/** How often a worker renews. */
export const renewEvery = (lease: number): number => lease / 3

/** How soon it tries again when it could not: later where it is too late already. */
export const retryEvery = (lease: number, isTrusted: boolean): number =>
  isTrusted ? lease / 10 : lease / 5

/** How long after a renewal was sent its leases are certainly still its own. */
export const trustedFor = (lease: number): number => lease * 0.8

/** How often somebody looks whether the worker's thread is still turning. */
export const watchEvery = (lease: number): number => Math.max(lease / 15, 20)

/** After so long without a turn, a thread is taken for busy. */
export const busyAfter = (lease: number): number => lease / 5

/** What somebody sees who looks at a thread every `watchEvery`. */
export interface Observation {
  readonly at: number
  /** When the thread last turned; 0 before it first did. */
  readonly lastTickAt: number
  /**
   * How long it has stood still under the eyes of the one who looks: a freeze of both does not
   * count.
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
 * Whether to renew in the place of a thread that is busy. Not for one that was frozen beyond its
 * trust together with the one who looks, and not for one that hangs.
 */
export const needsRenewal = (state: {
  readonly lease: number
  readonly now: number
  /** When the worker's thread last turned. */
  readonly lastTickAt: number
  /** When the last renewal was sent that succeeded. */
  readonly renewedAt: number
  readonly stalledFor: number
  /** A thread that stands still for so long hangs. */
  readonly hangLimit: number
}): boolean => {
  const still = state.now - state.lastTickAt
  const age = state.now - state.renewedAt
  return still > busyAfter(state.lease) && state.stalledFor < state.hangLimit &&
    age > renewEvery(state.lease) && age < trustedFor(state.lease)
}
