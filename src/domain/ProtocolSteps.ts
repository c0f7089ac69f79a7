/**
 * The steps of the protocol as pure functions: from the unfinished jobs and their leases to the
 * changes of a step.
 */
import * as LaneJob from "./LaneJob.ts"
import type * as Lanes from "./Lanes.ts"
import type { Settlement } from "./Settlement.ts"

/** A batch of jobs that a worker has claimed. */
export interface Lease {
  readonly id: string
  readonly worker: string
  readonly ids: ReadonlyArray<bigint>
}

export interface State<J> {
  readonly jobs: ReadonlyMap<bigint, J>
  readonly leases: ReadonlyMap<string, Lease>
}

export interface Changes<J> {
  /** Jobs that stay, after the step. */
  readonly jobs: ReadonlyArray<J>
  /** Jobs as they were when they ended for good. */
  readonly finished: ReadonlyArray<Finished<J>>
  /** Leases after the step. A lease without jobs is gone. */
  readonly leases: ReadonlyArray<Lease>
}

export interface Finished<J> {
  readonly job: J
  readonly outcome: Outcome
  readonly lease: string
}

/** How a job ended for good. */
export type Outcome = "completed" | "failed" | "crashed" | "cancelled"

/** One ended run, as a worker records it. */
interface Settled {
  readonly id: bigint
  readonly lease: string
  readonly settlement: Settlement
}

/** Leases the claimed jobs of one queue to a worker. */
export const lease = <J extends LaneJob.LaneJob>(
  worker: string,
  { healthy, suspects }: Pick<Lanes.Claimed<J>, "healthy" | "suspects">,
  newId: () => string
): Changes<J> => {
  const batches = [healthy, ...suspects.map((job) => [job])].filter((batch) => batch.length > 0)
  return {
    jobs: batches.flat().map(LaneJob.leased),
    finished: [],
    leases: batches.map((batch) => ({ id: newId(), worker, ids: batch.map(({ id }) => id) }))
  }
}

/**
 * Records ended runs. `lost` are those whose lease does not contain the job; nothing of them
 * changes. In a repetition, a job that is gone counts as recorded.
 */
export const settle = <J extends LaneJob.LaneJob, S extends Settled>(
  state: State<J>,
  settled: ReadonlyArray<S>,
  { isRepeat, now }: { readonly isRepeat: boolean; readonly now: number }
): { readonly changes: Changes<J>; readonly lost: ReadonlyArray<S> } => {
  const leases = Array.from(new Set(settled.map((one) => one.lease)))
    .flatMap((id) => state.leases.get(id) ?? [])
  const held = new Map(leases.map(({ id, ids }) => [id, new Set(ids)]))
  const isLeased = ({ id, lease }: S) => held.get(lease)?.has(id) === true
  const mine = settled.filter(isLeased)
  return {
    changes: together(
      leases.map((lease) =>
        settleLease(state, lease, mine.filter((one) => one.lease === lease.id), now)
      )
    ),
    lost: settled.filter((one) => !isLeased(one) && !(isRepeat && !state.jobs.has(one.id)))
  }
}

/** A job that goes back takes the rest of its lane out of the lease. */
const settleLease = <J extends LaneJob.LaneJob>(
  state: State<J>,
  lease: Lease,
  settled: ReadonlyArray<Settled>,
  now: number
): Changes<J> => {
  const ended = settled.flatMap(({ id, settlement }) => {
    const job = state.jobs.get(id)
    return job === undefined
      ? []
      : [{ job, settlement, stays: LaneJob.settled(job, settlement, now) }]
  })
  const undone = ended.flatMap(({ stays }) => stays ?? [])
  const lanes = new Set(undone.flatMap(({ key }) => key ?? []))
  const gone = new Set(settled.map(({ id }) => id))
  const back = jobsOf(state, lease)
    .filter(({ id, key }) => !gone.has(id) && key !== undefined && lanes.has(key))
  for (const { id } of back) gone.add(id)
  return {
    jobs: [...undone, ...back.map(LaneJob.opened)],
    finished: ended.flatMap(({ job, settlement, stays }) =>
      stays === undefined
        ? [{ job, outcome: outcomeOf(settlement), lease: lease.id }]
        : []
    ),
    leases: [{ ...lease, ids: lease.ids.filter((id) => !gone.has(id)) }]
  }
}

const outcomeOf = ({ _tag }: Settlement): Outcome =>
  _tag === "Completed" ? "completed" : _tag === "Cancelled" ? "cancelled" : "failed"

/** Ends leases and gives their jobs back, unharmed or because their worker died. */
export const giveBack = <J extends LaneJob.LaneJob>(
  state: State<J>,
  leases: ReadonlyArray<Lease>,
  hasCrashed: boolean
): Changes<J> =>
  together(leases.map((lease) => {
    const back = jobsOf(state, lease).map((job) => ({
      job,
      stays: hasCrashed ? LaneJob.crashed(job) : LaneJob.opened(job)
    }))
    return {
      jobs: back.flatMap(({ stays }) => stays ?? []),
      finished: back.flatMap(({ job, stays }) =>
        stays === undefined ? [{ job, outcome: "crashed" as const, lease: lease.id }] : []
      ),
      leases: [{ ...lease, ids: [] }]
    }
  }))

/** Opens the jobs that are due. `newPlace` is behind all jobs. */
export const promote = <J extends LaneJob.LaneJob>(
  state: State<J>,
  now: number,
  newPlace: (job: J) => bigint
): Changes<J> => ({
  jobs: Array.from(state.jobs.values())
    .filter((job) => LaneJob.isDelayed(job) && job.dueAt <= now)
    .map((job) => LaneJob.promoted(job, newPlace(job))),
  finished: [],
  leases: []
})

/** Applies the changes in place: a copy would cost time for each job of the queue. */
export const apply = <J extends LaneJob.LaneJob>(
  state: { readonly jobs: Map<bigint, J>; readonly leases: Map<string, Lease> },
  changes: Changes<J>
): void => {
  for (const job of changes.jobs) state.jobs.set(job.id, job)
  for (const { job } of changes.finished) state.jobs.delete(job.id)
  for (const lease of changes.leases) {
    if (lease.ids.length > 0) state.leases.set(lease.id, lease)
    else state.leases.delete(lease.id)
  }
}

export const leasesOf = (state: State<unknown>, worker: string): ReadonlyArray<Lease> =>
  Array.from(state.leases.values()).filter((lease) => lease.worker === worker)

/** The jobs of a lease that are still there. */
export const jobsOf = <J>(state: State<J>, { ids }: Pick<Lease, "ids">): ReadonlyArray<J> =>
  ids.flatMap((id) => state.jobs.get(id) ?? [])

const together = <J>(all: ReadonlyArray<Changes<J>>): Changes<J> => ({
  jobs: all.flatMap(({ jobs }) => jobs),
  finished: all.flatMap(({ finished }) => finished),
  leases: all.flatMap(({ leases }) => leases)
})
