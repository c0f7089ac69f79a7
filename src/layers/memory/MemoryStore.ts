/**
 * A schema in memory: jobs, leases, workers and history, and the steps of the protocol on them.
 *
 * A step runs to its end at once, so it needs no locks. Times are in milliseconds and are passed
 * in.
 */
import { Duration } from "effect"
import { ClaimLost } from "../../domain/Errors.ts"
import type { ClaimedJob, NewJob } from "../../domain/JobRecord.ts"
import * as Lanes from "../../domain/Lanes.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import * as Turns from "../../domain/Turns.ts"
import type { QueueCounts, WorkerInfo } from "../../domain/WorkerStatus.ts"
import type { Settled } from "../../services/JobRepo.ts"
import type { Wake } from "../../services/Notifier.ts"
import type { NewWorker } from "../../services/WorkerRegistry.ts"
import { after, isAside, newStoredJob, type StoredJob } from "./MemoryJob.ts"

export class MemoryStore {
  readonly #wake: (wake: Wake) => void
  readonly #jobs = new Map<bigint, StoredJob>()
  readonly #leases = new Map<string, Lease>()
  readonly #workers = new Map<string, Worker>()
  readonly #finished = new Map<bigint, Finished>()
  #lastId = 0n

  constructor(wake: (wake: Wake) => void) {
    this.#wake = wake
  }

  enqueue(jobs: ReadonlyArray<NewJob>, now: number): ReadonlyArray<bigint> {
    const added = jobs.map((job) => newStoredJob(job, ++this.#lastId, now))
    for (const job of added) this.#jobs.set(job.id, job)
    this.#wakeQueues(added.filter((job) => job.laneState === "open"))
    this.#wakeDue(added)
    return added.map((job) => job.id)
  }

  /** `undefined` when the worker is not registered. */
  claim(
    { perLaneMax, limit, queues, worker }: ClaimOptions
  ): ReadonlyArray<ClaimedJob> | undefined {
    if (!this.#workers.has(worker)) return undefined
    const busy = queues.filter((queue) => Lanes.claimable(this.#ofQueue(queue)).length > 0)
    let wanted = Math.max(limit, 0)
    return Turns.interleaved(busy.flatMap((queue, turn) => {
      const jobs = this.#ofQueue(queue)
      const heads = Lanes.claimable(jobs).slice(0, Math.ceil(wanted / (busy.length - turn)))
      wanted -= heads.length
      return this.#lease(
        worker,
        heads.flatMap((job) => [job, ...Lanes.behind(jobs, job, perLaneMax)])
          .toSorted(Lanes.byUrgency)
      )
    }))
  }

  #lease(worker: string, jobs: ReadonlyArray<StoredJob>): ReadonlyArray<ClaimedJob> {
    const lease = crypto.randomUUID()
    if (jobs.length > 0) this.#leases.set(lease, { worker, ids: new Set(jobs.map(({ id }) => id)) })
    for (const job of jobs) this.#put({ ...job, laneState: "leased" })
    return jobs.map((job) => ({
      id: job.id,
      lease,
      queue: job.queue,
      name: job.name,
      payload: job.payload,
      key: job.key,
      priority: job.priority,
      attempt: job.failures + 1,
      maxAttempts: job.maxAttempts,
      unhandledCount: job.unhandledCount
    }))
  }

  settle(
    settled: ReadonlyArray<Settled>,
    { isRepeat, now }: { readonly isRepeat?: boolean; readonly now: number }
  ): ReadonlyArray<ClaimLost> {
    // The leases are looked at before anything changes, so the order given does not matter.
    const held = new Map(settled.filter((one) => this.#isHeld(one)).map((one) => [one.id, one]))
    const lost = settled.filter((one) =>
      !this.#isHeld(one) && (isRepeat !== true || this.#jobs.has(one.id))
    )

    const ended = Array.from(held.values(), (one) => {
      const job = this.#jobs.get(one.id)!
      return { job, stays: this.#end(job, one, now) }
    })
    this.#wakeQueues(ended.filter(isLaneFree).map(({ job }) => job))
    this.#wakeDue(ended.flatMap(({ stays }) => stays ?? []))
    return lost.map(({ id, lease }) => new ClaimLost({ id, lease }))
  }

  hasUnstarted(queues: ReadonlyArray<string>): boolean {
    return queues.some((queue) => Lanes.hasUnstarted(this.#ofQueue(queue)))
  }

  promote(now: number): { readonly promoted: number; readonly next: number | undefined } {
    const aside = Array.from(this.#jobs.values()).filter(isAside)
    const due = aside.filter((job) => job.dueAt <= now)
    for (const job of due) this.#put({ ...job, laneState: "open" })
    this.#wakeQueues(due)
    const next = aside
      .filter((job) => job.dueAt > now)
      .reduce((first, job) => Math.min(first, job.dueAt), Infinity)
    return { promoted: due.length, next: next === Infinity ? undefined : next - now }
  }

  rescue(now: number): number {
    return Array.from(this.#workers.values())
      .filter((worker) => worker.aliveUntil <= now)
      .reduce((rescued, worker) => rescued + this.end(worker.id), 0)
  }

  /** Forgets history after a day. */
  prune(now: number): void {
    for (const [id, { at }] of this.#finished) {
      if (at <= now - Duration.toMillis("1 day")) this.#finished.delete(id)
    }
  }

  join(worker: NewWorker, now: number): void {
    const aliveUntil = now + Duration.toMillis(worker.lease)
    this.#workers.set(worker.id, { ...worker, joinedAt: now, aliveUntil })
  }

  renew(id: string, now: number): boolean {
    const worker = this.#workers.get(id)
    if (worker === undefined) return false
    this.#workers.set(id, { ...worker, aliveUntil: now + Duration.toMillis(worker.lease) })
    return true
  }

  /** Hands back what a worker holds beside the leases it knows of. Answers with how many jobs. */
  reconcile(worker: string, knownLeases: ReadonlyArray<string>): number {
    const unknown = Array.from(this.#leases)
      .filter(([id, lease]) => lease.worker === worker && !knownLeases.includes(id))
    const jobs = unknown.flatMap(([, lease]) => this.#jobsIn(lease))
    for (const [id] of unknown) this.#leases.delete(id)
    for (const job of jobs) this.#put({ ...job, laneState: "open" })
    this.#wakeQueues(jobs)
    return jobs.length
  }

  gone(leases: ReadonlyArray<string>): ReadonlyArray<string> {
    return leases.filter((id) => !this.#leases.has(id))
  }

  /** Ends a worker; its jobs go back. Answers with how many. */
  end(worker: string): number {
    this.#workers.delete(worker)
    return this.reconcile(worker, [])
  }

  counts(): ReadonlyArray<QueueCounts> {
    const jobs = Array.from(this.#jobs.values())
    const finished = Array.from(this.#finished.values())
    return Array.from(new Set([...jobs, ...finished].map(({ queue }) => queue))).toSorted().map(
      (queue) => {
        const here = jobs.filter((job) => job.queue === queue)
        const past = finished.filter((job) => job.queue === queue)
        const ready = Lanes.claimable(here).length
        return {
          queue,
          ready,
          waiting: here.filter((job) => job.laneState === "open").length - ready,
          running: here.filter((job) => job.laneState === "leased").length,
          scheduled: here.filter(isAside).length,
          completed: past.filter((job) => job.outcome === "Completed").length,
          failed: past.filter((job) => job.outcome === "Failed").length
        }
      }
    )
  }

  workers(now: number): ReadonlyArray<WorkerInfo> {
    const leases = Array.from(this.#leases.values())
    return Array.from(this.#workers.values())
      .filter((worker) => worker.aliveUntil > now)
      .toSorted((a, b) => a.joinedAt - b.joinedAt)
      .map(({ concurrency, host, id, joinedAt, label, mode, pid, queues }) => ({
        id,
        label,
        host,
        pid,
        queues,
        mode,
        concurrency,
        running: leases
          .filter((lease) => lease.worker === id)
          .reduce((running, lease) => running + lease.ids.size, 0),
        age: Duration.millis(now - joinedAt)
      }))
  }

  #isHeld({ id, lease }: Settled): boolean {
    return this.#leases.get(lease)?.ids.has(id) ?? false
  }

  /** Takes a job out of its lease. Answers with the job as it stays, unless it is finished. */
  #end(job: StoredJob, { lease, settlement }: Settled, now: number): StoredJob | undefined {
    const stays = after(job, settlement, now)
    this.#takeOut(job.id, lease)
    if (stays === undefined) {
      const { id, queue } = job
      const error = settlement._tag === "Failed" ? settlement.error : undefined
      this.#jobs.delete(id)
      this.#finished.set(id, { queue, outcome: settlement._tag, error, at: now })
    } else {
      this.#put(stays)
      this.#giveBackRest(stays, lease)
    }
    return stays
  }

  /** The rest of a lane's run leaves the lease with a job that went back undone. */
  #giveBackRest(undone: StoredJob, lease: string): void {
    if (undone.key === undefined) return
    for (const job of this.#jobsIn(this.#leases.get(lease))) {
      if (job.key !== undone.key) continue
      this.#put({ ...job, laneState: "open" })
      this.#takeOut(job.id, lease)
    }
  }

  #takeOut(id: bigint, lease: string): void {
    const ids = this.#leases.get(lease)?.ids
    ids?.delete(id)
    if (ids?.size === 0) this.#leases.delete(lease)
  }

  #jobsIn(lease: Lease | undefined): ReadonlyArray<StoredJob> {
    return Array.from(lease?.ids ?? [], (id) => this.#jobs.get(id)!)
  }

  #ofQueue(queue: string): ReadonlyArray<StoredJob> {
    return Array.from(this.#jobs.values()).filter((job) => job.queue === queue)
  }

  #put(job: StoredJob): void {
    this.#jobs.set(job.id, job)
  }

  #wakeQueues(jobs: ReadonlyArray<StoredJob>): void {
    for (const queue of new Set(jobs.map((job) => job.queue))) this.#wake({ _tag: "Jobs", queue })
  }

  #wakeDue(jobs: ReadonlyArray<StoredJob>): void {
    if (jobs.some((job) => isAside(job) && job.dueAt < Infinity)) this.#wake({ _tag: "Due" })
  }
}

interface ClaimOptions {
  readonly queues: ReadonlyArray<string>
  readonly worker: string
  readonly limit: number
  readonly perLaneMax: number
}

interface Lease {
  readonly worker: string
  readonly ids: Set<bigint>
}

interface Worker extends NewWorker {
  readonly joinedAt: number
  readonly aliveUntil: number
}

interface Finished {
  readonly queue: string
  readonly outcome: Settlement["_tag"]
  readonly error: string | undefined
  readonly at: number
}

/** Whether the end of a job's run lets it, or another one of its lane, be claimed. */
const isLaneFree = (ended: {
  readonly job: StoredJob
  readonly stays: StoredJob | undefined
}): boolean =>
  ended.stays?.laneState === "open" ||
  (ended.job.key !== undefined && ended.stays?.laneState !== "delayedHoldingLane")
