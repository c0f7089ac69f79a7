/**
 * How much a worker claims ahead: enough to keep busy, never so much that it hoards.
 */

/** Work to hold ready, in milliseconds of a worker's time. */
const ahead = 100

/**
 * At most so many jobs wait in a worker, half of them claimed at a time: the rest run meanwhile.
 */
const backlogMax = 2000
const claimMax = backlogMax / 2

/** A store that is slower than its workers would be asked for ever more: they wait for it. */
const unsettledMax = backlogMax

/**
 * What a worker has learnt about its jobs, as moving averages in milliseconds; undefined at first.
 */
export interface Timings {
  /** From the start of a job to its end. */
  readonly took: number | undefined
  /** From the end of one to the end of the next, while others waited for a slot. */
  readonly between: number | undefined
}

/** The moving average after one more value. */
export const average = (before: number | undefined, value: number): number =>
  before === undefined ? value : before + (value - before) / 10

/** How many jobs to ask for now; 0 is to wait. */
export const claimSize = (worker: {
  readonly concurrency: number
  readonly timings: Timings
  /** Runs in progress. */
  readonly active: number
  /** Claimed, not yet started. */
  readonly backlog: number
  /** Ended, which the store does not know yet. */
  readonly unsettled: number
  /** Milliseconds since a run last ended. */
  readonly sinceEnd: number
}): number => {
  if (worker.unsettled > unsettledMax) return 0
  // Nothing tells how long the running jobs take, however long the jobs before them took.
  const isUnknown = worker.active > 0 && worker.sinceEnd >= ahead
  const prefetch = isUnknown ? 0 : prefetched(worker)
  // Full batches are cheaper than many small ones, so the backlog first runs half empty.
  if (worker.backlog > prefetch / 2) return 0
  const room = Math.max(worker.concurrency + prefetch - worker.active - worker.backlog, 0)
  return Math.min(room, Math.max(claimMax, worker.concurrency))
}

// Jobs that wait for something overlap in the slots; those that compute do not.
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

/** How many jobs of a lane to take along with its first: they run one after the other. */
export const perLaneMax = ({ took }: Timings): number =>
  took === undefined || took >= ahead
    ? 0
    : Math.min(Math.floor(ahead / Math.max(took, 0.001)), 200)

/** From this average on, nothing is claimed ahead. */
export const slow = ahead

/**
 * A job that waits in a worker for longer than this, in milliseconds, goes back for others to take.
 */
export const backlogAgeMax = 500
