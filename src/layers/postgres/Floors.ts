/**
 * The floors of a process: for a queue and a priority, the last job that a claim has taken. The
 * next claim begins behind it. Otherwise each claim would walk over all jobs at the front of the
 * queue that are leased or were just deleted.
 *
 * A floor is a hint. A job may become ready below it: its transaction commits late, it was released
 * or retried, its priority was raised, or the ids began anew. `PgFloors` looks for such jobs.
 */

/** Jobs of one queue: of one priority and above its floor, or of several that have no floor. */
export interface Range {
  readonly queue: string
  readonly top: number
  readonly bottom: number
  readonly floor: bigint | null
}

export interface Floor {
  readonly queue: string
  readonly priority: number
  readonly id: bigint
}

export class Floors {
  /** By queue and priority. The floor that was raised last stands last. */
  readonly #ids = new Map<string, Map<number, bigint>>()

  /** Sets a floor: raises it, or lowers it where jobs were found below. */
  set({ id, priority, queue }: Floor): void {
    const ids = this.#ids.get(queue) ?? new Map<number, bigint>()
    this.#ids.set(queue, ids)
    ids.delete(priority)
    ids.set(priority, id)
    if (ids.size > prioritiesMax) ids.delete(ids.keys().next().value!)
  }

  /** Forgets all floors: the next claim looks everywhere. */
  clear(): void {
    this.#ids.clear()
  }

  get isEmpty(): boolean {
    return this.#ids.size === 0
  }

  all(): ReadonlyArray<Floor> {
    return Array.from(this.#ids).flatMap(([queue, ids]) =>
      Array.from(ids, ([priority, id]) => ({ queue, priority, id }))
    )
  }

  /** The ranges that a claim of this queue looks through, in order; together all jobs above. */
  ranges(queue: string): ReadonlyArray<Range> {
    const floors = Array.from(this.#ids.get(queue) ?? []).toSorted(([a], [b]) => b - a)
    const tops = [priorityMax, ...floors.map(([priority]) => priority - 1)]
    return tops.flatMap((top, n) => {
      const [priority, id] = floors[n] ?? [priorityMin - 1, null]
      const between = { queue, top, bottom: priority + 1, floor: null }
      const above = { queue, top: priority, bottom: priority, floor: id }
      return [...top > priority ? [between] : [], ...id !== null ? [above] : []]
    })
  }
}

/** The most priorities of a queue that have a floor. A claim looks at each. */
const prioritiesMax = 8

const priorityMax = 2 ** 31 - 1
const priorityMin = -(2 ** 31)
