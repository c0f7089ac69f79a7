/**
 * The rules of lanes: which jobs may be claimed, in which order, and which wait.
 *
 * PostgreSQL keeps these rules by heads and markers (sql/); here they stand as the state that must
 * result.
 */

/** What the rules see of a job. All of them are of one queue. */
export interface LaneJob {
  readonly id: bigint
  readonly key: string | undefined
  readonly priority: number
  readonly laneState: LaneState
}

/**
 * `open` jobs are ready, or wait behind their key. `leased` ones run or are about to. `delayed`
 * ones stand aside until they are due; `delayedHoldingLane` ones do too, and their lane waits.
 */
export type LaneState = "open" | "leased" | "delayed" | "delayedHoldingLane"

export const byUrgency = (
  a: Pick<LaneJob, "id" | "priority">,
  b: Pick<LaneJob, "id" | "priority">
): number => b.priority - a.priority || Number(a.id - b.id)

/** The jobs that may be claimed now, most urgent first: of each lane at most its first. */
export const claimable = <J extends LaneJob>(jobs: ReadonlyArray<J>): ReadonlyArray<J> => {
  const taken = keysOf(jobs, ["leased", "delayedHoldingLane"])
  return jobs.filter(isOpen).toSorted(byUrgency).filter(({ key }) => {
    if (key === undefined) return true
    if (taken.has(key)) return false
    taken.add(key)
    return true
  })
}

/** Up to `count` jobs that come after the first of a lane. */
export const behind = <J extends LaneJob>(
  jobs: ReadonlyArray<J>,
  first: LaneJob,
  count: number
): ReadonlyArray<J> =>
  first.key === undefined || count <= 0 ? [] : jobs
    .filter((job) => isOpen(job) && job.key === first.key && job.id !== first.id)
    .toSorted(byUrgency)
    .slice(0, count)

/** Whether any job waits for a worker: ready, or behind its key, but not behind a job for later. */
export const hasUnstarted = (jobs: ReadonlyArray<LaneJob>): boolean => {
  const held = keysOf(jobs, ["delayedHoldingLane"])
  return jobs.some((job) => isOpen(job) && (job.key === undefined || !held.has(job.key)))
}

const isOpen = (job: LaneJob): boolean => job.laneState === "open"

const keysOf = (jobs: ReadonlyArray<LaneJob>, states: ReadonlyArray<LaneState>) =>
  new Set(jobs.filter((job) => states.includes(job.laneState)).map((job) => job.key))
