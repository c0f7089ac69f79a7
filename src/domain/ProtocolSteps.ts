/**
 * The steps of the protocol as pure functions: from the unfinished jobs and their leases to the
 * changes of a step.
 */
import type { JobOutcome } from "./Cancellation.ts"
import * as JobRun from "./JobRun.ts"
import * as LaneJob from "./LaneJob.ts"
import type * as Lanes from "./Lanes.ts"
import type { Result, Settlement } from "./Settlement.ts"

/** A batch of jobs that a worker has claimed. */
export interface Lease {
  readonly id: string
  readonly worker: string
  readonly ids: ReadonlyArray<bigint>
  /** Milliseconds. The steps do not read it. */
  readonly claimedAt?: number
  /** Those of the jobs that somebody has cancelled. Absent if there are none. */
  readonly unwanted?: ReadonlySet<bigint>
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
  /** Runs that ended in this step and did not complete. Absent if there are none. */
  readonly runs?: ReadonlyArray<Run<J>>
}

/** A run that did not complete, of a job as it was before. */
export interface Run<J> extends JobRun.RunEnd {
  readonly job: J
  readonly lease: Lease
  /** How long the run took, in milliseconds; `undefined` if nobody knows. */
  readonly ranFor: number | undefined
}

export interface Finished<J> {
  readonly job: J
  readonly outcome: Outcome
  /** `undefined` if the job was not leased. */
  readonly lease: string | undefined
  /** The text of the last failure, if it was one of this step. */
  readonly error?: string | undefined
  /** The declared error as JSON text, if it was one. */
  readonly failure?: string | undefined
  /** The result of a job that completed, if its kind has results. */
  readonly result?: Result | undefined
}

/** How a job ended for good. */
export type Outcome = JobOutcome

/** One ended run, as a worker records it. */
interface Settled {
  readonly id: bigint
  readonly lease: string
  readonly settlement: Settlement
  /** How long the run took, in milliseconds; `undefined` if it did not begin. */
  readonly ranFor?: number | undefined
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
  const ended = settled.flatMap(({ id, settlement }): ReadonlyArray<Leaving<J>> => {
    const job = state.jobs.get(id)
    const error = "error" in settlement ? settlement.error : undefined
    const outcome = outcomeOf(settlement)
    return job === undefined
      ? []
      : [{ job, stays: LaneJob.settled(job, settlement, now), outcome, error, ...more(settlement) }]
  })
  const lanes = new Set(ended.flatMap(({ stays }) => stays?.key ?? []))
  const gone = new Set(settled.map(({ id }) => id))
  const rest = jobsOf(state, lease)
    .filter(({ id, key }) => !gone.has(id) && key !== undefined && lanes.has(key))
  for (const { id } of rest) gone.add(id)
  const left = leave(lease, gone, [
    ...ended,
    ...rest.map((job) => ({ job, stays: LaneJob.opened(job), outcome: "cancelled" as const }))
  ])
  return { ...left, runs: runsOf(state, lease, settled) }
}

const runsOf = <J extends LaneJob.LaneJob>(
  state: State<J>,
  lease: Lease,
  settled: ReadonlyArray<Settled>
): ReadonlyArray<Run<J>> =>
  settled.flatMap(({ id, ranFor, settlement }) => {
    const job = state.jobs.get(id)
    const end = JobRun.endOf(settlement, {
      hasRun: ranFor !== undefined,
      isUnwanted: isUnwanted(lease, id)
    })
    return job === undefined || end === undefined ? [] : [{ ...end, job, lease, ranFor }]
  })

const more = (settlement: Settlement): Pick<Finished<unknown>, "failure" | "result"> =>
  settlement._tag === "Completed" && settlement.result !== undefined
    ? { result: settlement.result }
    : settlement._tag === "Failed" && settlement.failure !== undefined
    ? { failure: settlement.failure }
    : {}

const outcomeOf = ({ _tag }: Settlement): Outcome =>
  _tag === "Completed" ? "completed" : _tag === "Cancelled" ? "cancelled" : "failed"

/**
 * Ends leases and gives their jobs back, unharmed or because their worker died. An unwanted job
 * ends as cancelled, however often its workers died.
 */
export const giveBack = <J extends LaneJob.LaneJob>(
  state: State<J>,
  leases: ReadonlyArray<Lease>,
  hasCrashed: boolean
): Changes<J> =>
  together(leases.map((lease) => {
    const jobs = jobsOf(state, lease)
    const crashes = ({ id }: J) => hasCrashed && !isUnwanted(lease, id)
    const left = leave(
      lease,
      new Set(lease.ids),
      jobs.map((job) => ({
        job,
        stays: crashes(job) ? LaneJob.crashed(job) : LaneJob.opened(job),
        outcome: "crashed",
        error: "the worker died during this job, for the third time"
      }))
    )
    const runs = jobs.filter(crashes).map((job) => ({
      ...JobRun.crashed,
      job,
      lease,
      ranFor: undefined
    }))
    return { ...left, runs }
  }))

/** A job that leaves its lease: as it stays in the queue, or `undefined` and its outcome. */
interface Leaving<J> {
  readonly job: J
  readonly stays: J | undefined
  readonly outcome: Outcome
  readonly error?: string | undefined
  readonly failure?: string | undefined
  readonly result?: Result | undefined
}

/** Jobs leave their lease. One that is unwanted ends, instead of staying in its queue. */
const leave = <J extends LaneJob.LaneJob>(
  lease: Lease,
  gone: ReadonlySet<bigint>,
  leaving: ReadonlyArray<Leaving<J>>
): Changes<J> => {
  const isOver = ({ job, stays }: Leaving<J>) => stays === undefined || isUnwanted(lease, job.id)
  return {
    jobs: leaving.filter((one) => !isOver(one)).flatMap(({ stays }) => stays ?? []),
    finished: leaving.filter(isOver).map(({ job, outcome, stays, ...more }) => ({
      ...more,
      job,
      outcome: stays === undefined ? outcome : "cancelled",
      lease: lease.id
    })),
    leases: [without(lease, gone)]
  }
}

const without = ({ unwanted, ...lease }: Lease, gone: ReadonlySet<bigint>): Lease => {
  const left = Array.from(unwanted ?? []).filter((id) => !gone.has(id))
  return {
    ...lease,
    ids: lease.ids.filter((id) => !gone.has(id)),
    ...(left.length === 0 ? {} : { unwanted: new Set(left) })
  }
}

/** Whether somebody has cancelled a job of the lease. */
export const isUnwanted = ({ unwanted }: Lease, id: bigint): boolean => unwanted?.has(id) === true

/** Opens the jobs that are due, or ends those that have expired. `newPlace` is behind all jobs. */
export const promote = <J extends LaneJob.LaneJob>(
  state: State<J>,
  now: number,
  newPlace: (job: J) => bigint
): Changes<J> => {
  const due = Array.from(state.jobs.values())
    .filter((job) => LaneJob.isDelayed(job) && job.dueAt <= now)
  return {
    jobs: due
      .filter((job) => !LaneJob.hasExpired(job, now))
      .map((job) => LaneJob.promoted(job, newPlace(job))),
    finished: expired(due, now),
    leases: []
  }
}

/** Ends the jobs that have expired, unless they are leased. */
export const expire = <J extends LaneJob.LaneJob>(state: State<J>, now: number): Changes<J> => ({
  jobs: [],
  finished: expired(Array.from(state.jobs.values()), now),
  leases: []
})

const expired = <J extends LaneJob.LaneJob>(
  jobs: ReadonlyArray<J>,
  now: number
): ReadonlyArray<Finished<J>> =>
  jobs
    .filter((job) => LaneJob.hasExpired(job, now))
    .map((job) => ({ job, outcome: "expired", lease: undefined }))

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
  leases: all.flatMap(({ leases }) => leases),
  runs: all.flatMap(({ runs = [] }) => runs)
})
