/**
 * The rules of lanes: which jobs may be claimed, in which order, and which wait.
 *
 * All jobs given to a function are of one queue.
 */
import { isInLastRun, isOpen, isSuspect, type LaneJob, type LaneState } from "./LaneJob.ts"

/** The order of the jobs in a lane. */
const byUrgency = (a: LaneJob, b: LaneJob): number => b.priority - a.priority || Number(a.id - b.id)

/** The jobs of a lane in the order in which they are to run. */
export const inOrder = <J extends LaneJob>(jobs: ReadonlyArray<J>): ReadonlyArray<J> =>
  jobs.toSorted(byUrgency)

/** The order of the jobs that may be claimed. */
export const byTurn = (a: LaneJob, b: LaneJob): number =>
  b.priority - a.priority || Number(placeOf(a) - placeOf(b))

const placeOf = ({ id, place }: LaneJob): bigint => place ?? id

/** The jobs that may be claimed now, in their order: of each lane at most its first. */
export const claimable = <J extends LaneJob>(jobs: ReadonlyArray<J>): ReadonlyArray<J> => {
  const taken = keysOf(jobs, ["leased", "delayedHoldingLane"])
  return jobs.filter(isOpen).toSorted(byUrgency).filter(({ key }) => {
    if (key === undefined) return true
    if (taken.has(key)) return false
    taken.add(key)
    return true
  }).toSorted(byTurn)
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

/**
 * Whether a job waits for a worker: ready, or behind its key, but not behind a delayed job that
 * holds the lane.
 */
export const hasUnstarted = (jobs: ReadonlyArray<LaneJob>): boolean => {
  const held = keysOf(jobs, ["delayedHoldingLane"])
  return jobs.some((job) => isOpen(job) && (job.key === undefined || !held.has(job.key)))
}

/** The limits of a claim. */
export interface ClaimBounds<J = LaneJob> {
  readonly limit: number
  /** How many of the jobs may be suspects. */
  readonly slots: number
  /** How many more jobs of its lane each claimed one brings. */
  readonly perLaneMax: number
  /** Whether the name of a job is paused: the jobs of a lane end before it. */
  readonly isPaused?: ((job: J) => boolean) | undefined
}

/** Jobs that a claim takes: one lease for those in `healthy`, one for each suspect. */
export interface Claimed<J> {
  /** All of them in the order in which they start: each head before the jobs of its lane. */
  readonly inOrder: ReadonlyArray<J>
  readonly healthy: ReadonlyArray<J>
  readonly suspects: ReadonlyArray<J>
  /** How many of the jobs count against the limit. */
  readonly heads: number
}

/** The jobs of a queue that a claim takes. `running` are the jobs in the worker's other leases. */
export const claim = <J extends LaneJob>(
  jobs: ReadonlyArray<J>,
  running: ReadonlyArray<LaneJob>,
  { isPaused = () => false, limit, perLaneMax, slots }: ClaimBounds<J>
): Claimed<J> => {
  const [healthy, suspects] = parted(claimable(jobs))
  const allowed = besideOthers(suspects.slice(0, Math.min(limit, slots)), running)
  const heads = [...healthy, ...allowed].toSorted(byTurn).slice(0, Math.max(limit, 0))
  const inOrder = heads.flatMap((head) =>
    isSuspect(head) ? [head] : [
      head,
      ...until(
        behind(jobs, head, perLaneMax),
        // No job is skipped, and a suspect runs apart.
        (job) => isSuspect(job) || isPaused(job)
      )
    ]
  )
  const [healthyJobs, suspectHeads] = parted(inOrder)
  return { inOrder, healthy: healthyJobs, suspects: suspectHeads, heads: heads.length }
}

/**
 * A suspect in its last run tolerates no other suspect beside it, so that one more death shows
 * which job it was. No suspect overtakes it.
 */
const besideOthers = <J extends LaneJob>(
  suspects: ReadonlyArray<J>,
  running: ReadonlyArray<LaneJob>
): ReadonlyArray<J> => {
  const beside = running.filter(isSuspect)
  const [first] = suspects
  if (first === undefined || beside.some(isInLastRun)) return []
  if (isInLastRun(first)) return beside.length > 0 ? [] : [first]
  return until(suspects, isInLastRun)
}

const until = <J>(jobs: ReadonlyArray<J>, isEnd: (job: J) => boolean): ReadonlyArray<J> => {
  const end = jobs.findIndex(isEnd)
  return end < 0 ? jobs : jobs.slice(0, end)
}

const parted = <J extends LaneJob>(
  jobs: ReadonlyArray<J>
): readonly [healthy: ReadonlyArray<J>, suspects: ReadonlyArray<J>] => [
  jobs.filter((job) => !isSuspect(job)),
  jobs.filter(isSuspect)
]

const keysOf = (jobs: ReadonlyArray<LaneJob>, states: ReadonlyArray<LaneState>) =>
  new Set(jobs.filter((job) => states.includes(job.laneState)).map((job) => job.key))
