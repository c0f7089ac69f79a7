/**
 * The order in which faults harm workers. On a slow machine, fewer workers are ready than faults
 * want to harm one. The fault that has had the smallest share of what it is owed then goes first.
 */
import { Effect } from "effect"

/**
 * Takes a worker, and answers the harm that is done to it then; `undefined` if there is no worker
 * to take.
 */
export type Harm = () => Effect.Effect<unknown> | undefined

export interface Turns {
  /**
   * Waits until it is the turn of a fault and a worker is there, and does the harm. `share` is what
   * the fault has had so far of what it is owed.
   */
  readonly take: (share: () => number, harm: Harm) => Effect.Effect<void>
}

interface Waiting {
  readonly share: () => number
  readonly harm: Harm
  taken: Effect.Effect<unknown> | undefined
}

/** Once `isOver`, no fault waits for a worker. */
export const make = (isOver: () => boolean): Turns => {
  let waiting: ReadonlyArray<Waiting> = []
  const serve = () => {
    for (const one of waiting.toSorted((a, b) => a.share() - b.share())) one.taken = one.harm()
    waiting = waiting.filter(({ taken }) => taken === undefined)
  }
  return {
    take: (share, harm) =>
      Effect.gen(function*() {
        const own: Waiting = { share, harm, taken: undefined }
        waiting = [...waiting, own]
        while (own.taken === undefined && !isOver()) {
          serve()
          if (own.taken === undefined) yield* Effect.sleep("50 millis")
        }
        waiting = waiting.filter((other) => other !== own)
        if (own.taken !== undefined) yield* own.taken
      })
  }
}
