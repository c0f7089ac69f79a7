/**
 * The floors of a process: for a queue and a priority, the last job that a claim has taken. The
 * next claim begins behind it. Otherwise each claim would walk over all jobs at the front of the
 * queue that are leased or were just deleted.
 *
 * A floor is a hint. A job may become ready below it: its transaction commits late, it was released
 * or retried, its priority was raised, or the ids began anew. `PgFloors` looks for such jobs.
 */

/** Jobs of one queue: of one priority with places above its floor, or of several without floors. */
export interface Range {
  readonly queue: string
  readonly top: number
  readonly bottom: number
  readonly floor: bigint | null
}

export interface Floor {
  readonly queue: string
  readonly priority: number
  /** The place of the last job: see `jobs` in `sql/`. */
  readonly place: bigint
}

export class Floors {
  /** By queue and priority. The floor that was raised last stands last. */
  readonly #places = new Map<string, Map<number, bigint>>()

  /** Sets a floor: raises it, or lowers it where jobs were found below. */
  set({ place, priority, queue }: Floor): void {
    const places = this.#places.get(queue) ?? new Map<number, bigint>()
    this.#places.set(queue, places)
    places.delete(priority)
    places.set(priority, place)
    if (places.size > prioritiesMax) places.delete(places.keys().next().value!)
  }

  /** Forgets all floors: the next claim looks everywhere. */
  clear(): void {
    this.#places.clear()
  }

  get isEmpty(): boolean {
    return this.#places.size === 0
  }

  all(): ReadonlyArray<Floor> {
    return Array.from(this.#places).flatMap(([queue, places]) =>
      Array.from(places, ([priority, place]) => ({ queue, priority, place }))
    )
  }

  /** The ranges that a claim of this queue looks through, in order; together all jobs above. */
  ranges(queue: string): ReadonlyArray<Range> {
    const floors = Array.from(this.#places.get(queue) ?? []).toSorted(([a], [b]) => b - a)
    const tops = [priorityMax, ...floors.map(([priority]) => priority - 1)]
    return tops.flatMap((top, n) => {
      const [priority, place] = floors[n] ?? [priorityMin - 1, null]
      const between = { queue, top, bottom: priority + 1, floor: null }
      const above = { queue, top: priority, bottom: priority, floor: place }
      return [...top > priority ? [between] : [], ...place !== null ? [above] : []]
    })
  }
}

/** The most priorities of a queue that have a floor. A claim looks at each. */
const prioritiesMax = 8

const priorityMax = 2 ** 31 - 1
const priorityMin = -(2 ** 31)
