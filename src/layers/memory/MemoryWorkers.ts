/**
 * The workers of the queue in memory.
 */
import { Duration } from "effect"
import type { ReportKind } from "../../domain/FailureReport.ts"
import type { PastWorker, WorkerOverview } from "../../domain/Overview.ts"
import { isFurther, type StopAnswer, type StopMode } from "../../domain/StopMode.ts"
import { version } from "../../domain/Version.ts"
import type { WorkerInfo } from "../../domain/WorkerStatus.ts"
import type { NewWorker } from "../../services/WorkerRegistry.ts"

export class MemoryWorkers {
  readonly #workers = new Map<string, Worker>()
  /** The newest first. */
  #ended: ReadonlyArray<Ended> = []
  readonly #failureReports = new Map<string, ReportKind>()

  join(worker: NewWorker, now: number): void {
    for (const name of worker.names) this.#failureReports.delete(name)
    for (const { of, ...report } of worker.failureReports ?? []) {
      this.#failureReports.set(of, report)
    }
    const aliveUntil = now + Duration.toMillis(worker.lease)
    const asked = this.askedOf(worker.id)
    this.#workers.set(worker.id, { ...worker, joinedAt: now, aliveUntil, asked })
  }

  renew(id: string, now: number): boolean {
    const worker = this.#workers.get(id)
    if (worker === undefined) return false
    this.#workers.set(id, { ...worker, aliveUntil: now + Duration.toMillis(worker.lease) })
    return true
  }

  /** Asks a worker to stop. A mode that is not stricter than the one asked for changes nothing. */
  ask(id: string, mode: StopMode): StopAnswer {
    const worker = this.#workers.get(id)
    if (worker === undefined) return "not found"
    if (!isFurther(mode, worker.asked)) return "already asked"
    this.#workers.set(id, { ...worker, asked: mode })
    return "asked"
  }

  askedOf(id: string): StopMode | undefined {
    return this.#workers.get(id)?.asked
  }

  /** How the failures of jobs of this name are reported. The failure of a report is not. */
  failureReportOf(name: string): ReportKind | undefined {
    const isReport = Array.from(this.#failureReports.values()).some((report) =>
      report.name === name
    )
    return isReport ? undefined : this.#failureReports.get(name)
  }

  has(id: string): boolean {
    return this.#workers.has(id)
  }

  /** Forgets a worker, and notes how it ended. */
  end(id: string, { at, hasCrashed, jobsHeld }: {
    readonly at: number
    readonly hasCrashed: boolean
    readonly jobsHeld: number
  }): void {
    const worker = this.#workers.get(id)
    if (worker === undefined) return
    this.#workers.delete(id)
    const { host, label, pid } = worker
    const one: Ended = { id, label, host, pid, ended: hasCrashed ? "died" : "left", at, jobsHeld }
    this.#ended = [one, ...this.#ended].slice(0, endedMax)
  }

  /** The workers that ended in the last ten minutes, the newest first. */
  ended(now: number): ReadonlyArray<PastWorker> {
    return this.#ended.filter(({ at }) => at > now - endedSpan).map(({ at, ...worker }) => ({
      ...worker,
      endedAt: new Date(at).toISOString(),
      endedSeconds: (now - at) / 1000
    }))
  }

  /** The workers whose lease has ended. */
  dead(now: number): ReadonlyArray<string> {
    return Array.from(this.#workers.values())
      .filter(({ aliveUntil }) => aliveUntil <= now)
      .map(({ id }) => id)
  }

  /** All workers as programs see them, the oldest first. */
  overviews(now: number, runningOn: (id: string) => number): ReadonlyArray<WorkerOverview> {
    return Array.from(this.#workers.values())
      .toSorted((a, b) => a.joinedAt - b.joinedAt)
      .map((worker) => {
        const { aliveUntil, concurrency, host, id, joinedAt, label, lease, mode, names, pid } =
          worker
        const leaseSeconds = Duration.toSeconds(lease)
        return {
          id,
          label,
          host,
          pid,
          queues: worker.queues,
          names,
          mode,
          concurrency,
          running: runningOn(id),
          ageSeconds: (now - joinedAt) / 1000,
          renewedSeconds: (now - aliveUntil) / 1000 + leaseSeconds,
          leaseSeconds,
          isStopping: false,
          isLive: aliveUntil > now,
          version
        }
      })
  }

  /** The other workers, the oldest first. */
  alive(now: number, runningOn: (id: string) => number): ReadonlyArray<WorkerInfo> {
    return Array.from(this.#workers.values())
      .filter(({ aliveUntil }) => aliveUntil > now)
      .toSorted((a, b) => a.joinedAt - b.joinedAt)
      .map(({ concurrency, host, id, joinedAt, label, mode, pid, queues }) => ({
        id,
        label,
        host,
        pid,
        queues,
        mode,
        concurrency,
        running: runningOn(id),
        age: Duration.millis(now - joinedAt)
      }))
  }
}

const endedMax = 100
const endedSpan = 600_000

interface Ended extends Omit<PastWorker, "endedAt" | "endedSeconds"> {
  readonly at: number
}

interface Worker extends NewWorker {
  readonly joinedAt: number
  readonly aliveUntil: number
  readonly asked: StopMode | undefined
}
