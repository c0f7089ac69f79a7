/**
 * The workers of the queue in memory.
 */
import { Duration } from "effect"
import type { WorkerInfo } from "../../domain/WorkerStatus.ts"
import type { NewWorker } from "../../services/WorkerRegistry.ts"

export class MemoryWorkers {
  readonly #workers = new Map<string, Worker>()

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

  has(id: string): boolean {
    return this.#workers.has(id)
  }

  delete(id: string): void {
    this.#workers.delete(id)
  }

  /** The workers whose lease has ended. */
  dead(now: number): ReadonlyArray<string> {
    return Array.from(this.#workers.values())
      .filter(({ aliveUntil }) => aliveUntil <= now)
      .map(({ id }) => id)
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

interface Worker extends NewWorker {
  readonly joinedAt: number
  readonly aliveUntil: number
}
