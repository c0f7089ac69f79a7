/**
 * How many jobs a worker claims ahead: enough to keep busy, never so many that it hoards.
 */

/** The work to hold ready, in milliseconds of a worker's time. */
const ahead = 100

/**
 * The most jobs that wait in a worker. A claim takes half of them, so that the other half run
 * meanwhile.
 */
const backlogMax = 2000
const claimMax = backlogMax / 2

/** Back-pressure: with this many unrecorded settlements a worker stops claiming. */
const unsettledMax = backlogMax

/**
 * The durations that a worker has measured, as moving averages in milliseconds; undefined at first.
 */
export interface Timings {
  /** From the start of a job to its end. */
  readonly took: number | undefined
  /** From the end of one job to the end of the next, while others waited for a slot. */
  readonly between: number | undefined
}

/** The moving average after one more value. */
export const average = (before: number | undefined, value: number): number =>
  before === undefined ? value : before + (value - before) / 10

/** The number of jobs to claim now; 0 means none. */
export const claimSize = (worker: {
  readonly concurrency: number
  readonly timings: Timings
  /** Runs in progress. */
  readonly active: number
  /** Claimed, not yet started. */
  readonly backlog: number
  /** Ended jobs that the store has not recorded yet. */
  readonly unsettled: number
  /** Milliseconds since a run last ended. */
  readonly sinceEnd: number
}): number => {
  if (worker.unsettled > unsettledMax) return 0
  // Nothing has ended for 100 ms, so the moving average does not describe the running jobs: claim
  // nothing ahead.
  const isUnknown = worker.active > 0 && worker.sinceEnd >= ahead
  const prefetch = isUnknown ? 0 : prefetched(worker)
  // Full batches cost less than many small ones, so the backlog first runs half empty.
  if (worker.backlog > prefetch / 2) return 0
  const room = Math.max(worker.concurrency + prefetch - worker.active - worker.backlog, 0)
  return Math.min(room, Math.max(claimMax, worker.concurrency))
}

// Jobs that wait for something overlap in the slots; jobs that compute do not.
const prefetched = ({ concurrency, timings: { between, took } }: {
  readonly concurrency: number
  readonly timings: Timings
}): number =>
  took === undefined || took >= ahead
    ? 0
    : Math.floor(Math.min(
      (concurrency * ahead) / Math.max(took, 0.001),
      ahead / Math.max(between ?? 0, 0.001),
      backlogMax
    ))

/** The number of jobs of a lane to claim with its head. They run one after the other. */
export const perLaneMax = ({ took }: Timings): number =>
  took === undefined || took >= ahead
    ? 0
    : Math.min(Math.floor(ahead / Math.max(took, 0.001)), 200)

/** From this average on, nothing is claimed ahead. */
export const slow = ahead

/**
 * A job that waits in a worker for longer than this, in milliseconds, is released for other
 * workers.
 */
export const backlogAgeMax = 500
