/**
 * The pauses of the queue in memory, and the jobs that they have set aside.
 */
import { isDelayed } from "../../domain/LaneJob.ts"
import * as Pause from "../../domain/Pause.ts"
import type { StoredJob } from "./MemoryJob.ts"

export class MemoryPauses {
  readonly #pauses = new Map<string, Pause.Pause>()
  readonly #aside = new Set<bigint>()

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
    return known === undefined
  }

  resume(target: Pause.PauseTarget, now: number): boolean {
    this.end(now)
    return this.#pauses.delete(idOf(target))
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

  /** A job has changed. One that may start some time is no longer set aside. */
  follow(job: StoredJob): void {
    if (!isDelayed(job) || job.dueAt < Infinity) this.#aside.delete(job.id)
  }

  /** A job has ended. */
  drop({ id }: Pick<StoredJob, "id">): void {
    this.#aside.delete(id)
  }

  /** Ends the pauses whose time is over. Answers their queues. */
  end(now: number): ReadonlyArray<string> {
    const over = Array.from(this.#pauses).filter(([, pause]) => isOver(pause, now))
    for (const [id] of over) this.#pauses.delete(id)
    return over.map(([, { queue }]) => queue)
  }
}

const idOf = ({ name = "", queue }: Pick<Pause.Pause, "queue" | "name">) => `${queue}\0${name}`

const isOver = ({ until }: Pause.Pause, now: number) =>
  until !== undefined && until.getTime() <= now
