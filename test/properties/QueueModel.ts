/**
 * What a queue must come to, command by command, without a database: its jobs, leases, workers and
 * history, by the rules of `Lanes` and of docs/internals/claim.md.
 */
import * as Lanes from "../../src/domain/Lanes.ts"
import type { Settlement } from "../../src/domain/Settlement.ts"
import type { Settled } from "../../src/services/JobRepo.ts"

export interface ModelJob {
  readonly id: bigint
  key: string | undefined
  priority: number
  laneState: Lanes.LaneState
  /** Stands aside until somebody acts. */
  isBlocked: boolean
  failures: number
  crashes: number
  unhandledCount: number
}

export interface ModelLease {
  readonly id: string
  readonly worker: string
  ids: ReadonlyArray<bigint>
}

export interface ModelWorker {
  isAsleep: boolean
  isExpired: boolean
}

export interface Ended {
  readonly id: bigint
  readonly outcome: "completed" | "failed" | "crashed"
  readonly attempt: number
  readonly lease: string
}

/** What can be compared with the tables. */
export interface Snapshot {
  readonly jobs: ReadonlyArray<ModelJob>
  readonly leases: ReadonlyArray<ModelLease>
  readonly workers: ReadonlyArray<{ readonly id: string; readonly isAsleep: boolean }>
  readonly ended: ReadonlyArray<Ended>
}

export type QueueModel = ReturnType<typeof make>

export const make = () => {
  const jobs = new Map<bigint, ModelJob>()
  const leases = new Map<string, ModelLease>()
  const workers = new Map<string, ModelWorker>()
  const ended = new Map<bigint, Ended>()

  const all = () => Array.from(jobs.values())
  const known = (ids: ReadonlyArray<bigint>) => ids.flatMap((id) => jobs.get(id) ?? [])

  const end = (id: bigint, outcome: Ended["outcome"], lease: string): void => {
    const job = jobs.get(id)
    if (job === undefined) return
    const attempt = job.failures + (outcome === "crashed" ? 0 : 1)
    jobs.delete(id)
    ended.set(id, { id, outcome, attempt, lease })
  }

  /** Which jobs a claim beside which nothing else happens must answer with, in order. */
  const claimable = ({ perLaneMax, limit, slots, worker }: {
    readonly worker: string
    readonly limit: number
    readonly slots: number
    readonly perLaneMax: number
  }): ReadonlyArray<ModelJob> => {
    const heads = Lanes.claimable(all())
    const suspects = heads.filter(isSuspect).slice(0, Math.min(limit, slots))
    return [...heads.filter((job) => !isSuspect(job)), ...mayTake(worker, suspects)]
      .toSorted(Lanes.byUrgency)
      .slice(0, limit)
      .flatMap((head) => [
        head,
        ...isSuspect(head) ? [] : untilSuspect(Lanes.behind(all(), head, perLaneMax))
      ])
      .toSorted(Lanes.byUrgency)
  }

  /** One that may be in its last run stands no other suspect beside it, and none overtakes it. */
  const mayTake = (
    worker: string,
    suspects: ReadonlyArray<ModelJob>
  ): ReadonlyArray<ModelJob> => {
    const held = known(leasesOf(worker).flatMap(({ ids }) => ids)).filter(isSuspect)
    const [first] = suspects
    if (first === undefined || held.some(isInLastRun)) return []
    if (isInLastRun(first)) return held.length > 0 ? [] : [first]
    const last = suspects.findIndex(isInLastRun)
    return last < 0 ? suspects : suspects.slice(0, last)
  }

  /** A worker was answered with these jobs, or with none. */
  const claimed = (
    worker: string,
    jobs: ReadonlyArray<{ readonly id: bigint; readonly lease: string }>
  ): void => {
    // One that was taken for dead while it claimed is gone, and its leases are nobody's.
    const by = workers.get(worker)
    if (by !== undefined) by.isAsleep = jobs.length === 0
    for (const { id, lease } of jobs) {
      leases.set(lease, { id: lease, worker, ids: [...leases.get(lease)?.ids ?? [], id] })
    }
    for (const job of known(jobs.map(({ id }) => id))) job.laneState = "leased"
  }

  const giveBack = (lease: ModelLease, hasCrashed: boolean): void => {
    leases.delete(lease.id)
    for (const job of known(lease.ids)) {
      job.laneState = "open"
      if (!hasCrashed) continue
      if (job.crashes >= 2) end(job.id, "crashed", lease.id)
      else job.crashes++
    }
  }

  /** The jobs of a lease that stay in it when these of its jobs are settled like this. */
  const settleLease = (lease: ModelLease, settled: ReadonlyArray<Settled>): void => {
    const undone = settled.filter(({ settlement }) => !isEnd(settlement))
    const lanes = new Set(known(undone.map(({ id }) => id)).flatMap(({ key }) => key ?? []))
    const rest = lease.ids.filter((id) => !settled.some((each) => each.id === id))
    const gone = known(rest).filter(({ key }) => key !== undefined && lanes.has(key))
    for (const job of gone) job.laneState = "open"
    for (const { id, settlement } of settled) settleOne(id, settlement, lease.id)
    lease.ids = rest.filter((id) => !gone.some((job) => job.id === id))
    if (lease.ids.length === 0) leases.delete(lease.id)
  }

  const settleOne = (id: bigint, settlement: Settlement, lease: string): void => {
    const job = jobs.get(id)
    if (job === undefined) return
    if (settlement._tag === "Released") job.laneState = "open"
    else if (settlement._tag === "Completed") end(id, "completed", lease)
    else if (isEnd(settlement)) end(id, "failed", lease)
    else {
      job.laneState = settlement._tag === "Retried" && !settlement.holdsLane
        ? "delayed"
        : "delayedHoldingLane"
      job.isBlocked = settlement._tag === "Failed"
      job.crashes = 0
      if (settlement._tag === "Unhandled") job.unhandledCount++
      else job.failures++
    }
  }

  const isHeld = ({ id, lease }: Settled): boolean => leases.get(lease)?.ids.includes(id) === true

  /**
   * Answers with what had left its lease; where it may have been settled before, with what is still
   * there.
   */
  const settle = (settled: ReadonlyArray<Settled>, isRepeat = false): ReadonlyArray<bigint> => {
    const lost = settled.filter((each) => !isHeld(each) && !(isRepeat && !jobs.has(each.id)))
    const held = settled.filter(isHeld)
    for (const lease of new Set(held.map(({ lease }) => lease))) {
      settleLease(leases.get(lease)!, held.filter((each) => each.lease === lease))
    }
    return lost.map(({ id }) => id)
  }

  /** The leases of workers that are dead, but for those that somebody is working on. */
  const rescue = (
    isSkipped: { readonly lease?: string } = {}
  ): number => {
    let rescued = 0
    for (const lease of Array.from(leases.values())) {
      if (workers.get(lease.worker)?.isExpired === false) continue
      if (lease.id === isSkipped.lease) continue
      rescued += lease.ids.length
      giveBack(lease, true)
    }
    for (const [id, { isExpired }] of workers) {
      if (isExpired) workers.delete(id)
    }
    return rescued
  }

  const leave = (worker: string, hasCrashed: boolean): void => {
    workers.delete(worker)
    for (const lease of leasesOf(worker)) giveBack(lease, hasCrashed)
  }

  const leasesOf = (worker: string): ReadonlyArray<ModelLease> =>
    Array.from(leases.values()).filter((lease) => lease.worker === worker)

  /** Everything whose time has come. Answers with how many jobs. */
  const promote = (): number => {
    const due = all().filter(({ isBlocked, laneState }) =>
      !isBlocked && (laneState === "delayed" || laneState === "delayedHoldingLane")
    )
    for (const job of due) job.laneState = "open"
    return due.length
  }

  const snapshot = (): Snapshot => ({
    jobs: all().toSorted(byId),
    leases: Array.from(leases.values(), (lease) => ({ ...lease, ids: lease.ids.toSorted(bigints) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    workers: Array.from(workers, ([id, { isAsleep }]) => ({ id, isAsleep }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    ended: Array.from(ended.values()).toSorted(byId)
  })

  return {
    jobs,
    leases,
    workers,
    ended,
    all,
    claimable,
    claimed,
    giveBack,
    settle,
    rescue,
    leave,
    leasesOf,
    promote,
    snapshot
  }
}

/** Whether a settlement ends its job for good. */
export const isEnd = (settlement: Settlement): boolean =>
  settlement._tag === "Completed" || (settlement._tag === "Failed" && !settlement.blocksLane)

const isSuspect = (job: ModelJob): boolean => job.crashes > 0

const isInLastRun = (job: ModelJob): boolean => job.crashes >= 2

const untilSuspect = (jobs: ReadonlyArray<ModelJob>): ReadonlyArray<ModelJob> => {
  const first = jobs.findIndex(isSuspect)
  return first < 0 ? jobs : jobs.slice(0, first)
}

const bigints = (a: bigint, b: bigint): number => Number(a - b)
const byId = (a: { readonly id: bigint }, b: { readonly id: bigint }): number => bigints(a.id, b.id)
