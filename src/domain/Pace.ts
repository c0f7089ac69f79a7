/**
 * How much a worker claims ahead: enough to keep busy, never so much that it hoards.
 */

/** Work to hold ready, in milliseconds of a worker's time. */
const ahead = 100
const jobsMax = 1000

/** The moving average of how long one job takes, in milliseconds, after one more took `took`. */
export const average = (before: number | undefined, took: number): number =>
  before === undefined ? took : before + (took - before) / 10

/** How many jobs to ask for now; 0 is to wait. */
export const claimSize = (worker: {
  readonly concurrency: number
  /** The moving average, undefined before the first job ended. */
  readonly millisPerJob: number | undefined
  /** Runs in progress. */
  readonly active: number
  /** Claimed, not yet started. */
  readonly backlog: number
}): number => {
  const prefetch = prefetched(worker)
  // Full batches are cheaper than many small ones, so the backlog first runs half empty.
  if (worker.backlog > prefetch / 2) return 0
  return Math.max(worker.concurrency + prefetch - worker.active - worker.backlog, 0)
}

const prefetched = ({ concurrency, millisPerJob }: {
  readonly concurrency: number
  readonly millisPerJob: number | undefined
}): number =>
  millisPerJob === undefined || millisPerJob >= ahead
    ? 0
    : Math.min(Math.floor((concurrency * ahead) / Math.max(millisPerJob, 0.001)), jobsMax)

/** How many jobs of a lane to take along with its first: they run one after the other. */
export const laneRun = (millisPerJob: number | undefined): number =>
  millisPerJob === undefined || millisPerJob >= ahead
    ? 0
    : Math.min(Math.floor(ahead / Math.max(millisPerJob, 0.001)), 200)

/** From this average on, nothing is claimed ahead. */
export const slow = ahead

/** A job that waits in a worker for longer than this, in milliseconds, goes back for others to take. */
export const backlogAgeMax = 500
