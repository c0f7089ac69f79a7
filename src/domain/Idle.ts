/**
 * How long a worker that finds no jobs waits before it asks again: longer and longer, and only
 * briefly while there may be jobs of which no wake-up will tell.
 */

/** The state of a worker that finds no jobs. */
export interface Idle {
  /** Whether producers can know that this worker sleeps: its last claim found nothing. */
  readonly sleep: "awake" | "falling asleep" | "asleep"
  /** Whether there were producers, when it fell asleep or later, who could not know of it. */
  readonly hasUnannounced: boolean
  /** Since the last wake-up. */
  readonly emptyRounds: number
  /** How many pauses in a row such a producer's open transaction has cut short. */
  readonly shortPauses: number
}

/** A worker that begins. */
export const initial: Idle = {
  sleep: "awake",
  hasUnannounced: false,
  emptyRounds: 0,
  shortPauses: 0
}

export const afterClaim = (idle: Idle, claim: {
  /** It brought no job, and there was nothing more to look at. */
  readonly isEmpty: boolean
}): Idle => {
  if (!claim.isEmpty) return { ...idle, sleep: "awake", emptyRounds: 0 }
  return idle.sleep === "awake" ? { ...idle, sleep: "falling asleep" } : idle
}

/** Producers may have been told anything, or nothing: it falls asleep anew. */
export const distrusted = (idle: Idle): Idle => ({ ...idle, sleep: "awake" })

/** The store could not be asked: the next pause is not the shortest. */
export const afterFailure = (idle: Idle): Idle => ({
  ...idle,
  emptyRounds: Math.max(idle.emptyRounds, 1)
})

/**
 * Falling asleep is told to producers by a claim; those that were adding jobs at that moment did
 * not know. Another look finds what they had committed when they were asked for.
 */
export const asleep = (idle: Idle): Idle => ({ ...idle, sleep: "asleep" })

/** Somebody has asked the store for such producers. */
export const afterLook = (idle: Idle, hasUnannounced: boolean): Idle => ({
  ...idle,
  hasUnannounced
})

/** Whether to pause only briefly, and to look for such producers again afterwards. */
export const isWatchful = (idle: Idle): boolean => idle.hasUnannounced && idle.emptyRounds === 0

/** How many milliseconds to pause at most, and not much less: never more than `longest`. */
export const pauseMax = (idle: Idle, longest: number): number =>
  Math.min(
    isWatchful(idle)
      // A tenth of the time that such a transaction has been open: one that takes long may stay
      // open long.
      ? Math.min(25 * 1.1 ** (idle.shortPauses + 1), 1000)
      : 200 * 2 ** Math.min(idle.emptyRounds, 5),
    longest
  )

export const afterPause = (idle: Idle, pause: {
  /** Something has changed before the pause was over. */
  readonly isWoken: boolean
}): Idle => ({
  ...idle,
  emptyRounds: pause.isWoken || isWatchful(idle) ? 0 : idle.emptyRounds + 1,
  shortPauses: isWatchful(idle) ? idle.shortPauses + 1 : 0
})
