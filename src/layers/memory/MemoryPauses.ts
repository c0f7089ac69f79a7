/**
 * The pauses of the queue in memory, and the jobs that they have set aside.
 */
import { isDelayed } from "../../domain/LaneJob.ts"
import * as Pause from "../../domain/Pause.ts"
import type { Wake } from "../../services/Notifier.ts"
import type { StoredJob } from "./MemoryJob.ts"

export class MemoryPauses {
  readonly #wake: (wake: Wake) => void
  readonly #pauses = new Map<string, Pause.Pause>()
  readonly #aside = new Set<bigint>()

  constructor(wake: (wake: Wake) => void) {
    this.#wake = wake
  }

  /** Answers whether the target was not paused before. */
  pause({ name, queue }: Pause.PauseTarget, terms: Pause.PauseTerms, now: number): boolean {
    this.end(now)
    const { cancelsRunning = false, end, reason } = terms
    const known = this.#pauses.get(idOf({ queue, name }))
    const until = end === undefined ? undefined : "at" in end ? end.at : new Date(now + end.in)
    this.#pauses.set(
      idOf({ queue, name }),
      known === undefined
        ? {
          queue,
          name,
          pausedAt: new Date(now),
          pausedBy: "memory",
          until,
          reason,
          cancelsRunning
        }
        : { ...known, cancelsRunning: known.cancelsRunning || cancelsRunning }
    )
    this.#wake({ _tag: "Pauses", queue })
    return known === undefined
  }

  /** Answers whether the target was paused. */
  resume(target: Pause.PauseTarget, now: number): boolean {
    this.end(now)
    const wasOn = this.#pauses.delete(idOf(target))
    this.#wake({ _tag: "Pauses", queue: target.queue })
    return wasOn
  }

  /** The pauses that last, by queue and name. */
  all(now: number): ReadonlyArray<Pause.Pause> {
    return Array.from(this.#pauses.values())
      .filter((pause) => !isOver(pause, now))
      .toSorted((a, b) => idOf(a) < idOf(b) ? -1 : 1)
  }

  holdsQueue(queue: string, now: number): boolean {
    return this.all(now).some((pause) => Pause.holdsQueue(pause, queue))
  }

  holdsName(job: StoredJob, now: number): boolean {
    return this.all(now).some((pause) => Pause.holdsName(pause, job))
  }

  setAside(jobs: ReadonlyArray<StoredJob>): void {
    for (const { id } of jobs) this.#aside.add(id)
  }

  isAside({ id }: Pick<StoredJob, "id">): boolean {
    return this.#aside.has(id)
  }

  /** Whether a pause of its name keeps a job that was set aside. */
  keeps(job: StoredJob, now: number): boolean {
    return this.isAside(job) && this.holdsName(job, now)
  }

  /** A job has changed. One that may start some time is no longer set aside. */
  follow(job: StoredJob): void {
    if (!isDelayed(job) || job.dueAt < Infinity) this.#aside.delete(job.id)
  }

  /** A job has ended. */
  drop({ id }: Pick<StoredJob, "id">): void {
    this.#aside.delete(id)
  }

  /** Ends the pauses whose time is over. */
  end(now: number): void {
    const over = Array.from(this.#pauses).filter(([, pause]) => isOver(pause, now))
    for (const [id, { queue }] of over) {
      this.#pauses.delete(id)
      this.#wake({ _tag: "Pauses", queue })
    }
  }
}

const idOf = ({ name = "", queue }: Pick<Pause.Pause, "queue" | "name">) => `${queue}\0${name}`

const isOver = ({ until }: Pause.Pause, now: number) =>
  until !== undefined && until.getTime() <= now
