/**
 * The pauses of a worker that finds no jobs. They grow longer, but stay short while a transaction
 * may be adding jobs without a wake-up.
 */

/** The state of a worker between claims that found nothing. */
export interface Idle {
  /**
   * Whether producers know that the worker sleeps, and wake it. An empty claim marks the worker
   * asleep. A worker that finds jobs stays marked, until it is busy: jobs that come now and then
   * would mark it again and again.
   */
  readonly sleep: "awake" | "falling asleep" | "asleep"
  /**
   * Whether transactions were open, when the worker fell asleep or later, whose producers saw it
   * awake.
   */
  readonly hasUnannounced: boolean
  /** Whether a producer has woken the worker by the end of the last pause. */
  readonly hasHeard: boolean
  /** The last claims in a row that have found jobs, without a pause between them. */
  readonly fullRounds: number
  /** Empty claims since the last wake-up, or since the worker fell asleep. */
  readonly emptyRounds: number
  /** How many pauses in a row were short because of such a transaction. */
  readonly shortPauses: number
  /** Whether the last claim did not look everywhere. */
  readonly hasPassedBy: boolean
  /** Whether the next claim must look everywhere: nothing has happened since the last one. */
  readonly isThorough: boolean
}

/** The state of a worker that starts. */
export const initial: Idle = {
  sleep: "awake",
  hasUnannounced: false,
  hasHeard: false,
  fullRounds: 0,
  emptyRounds: 0,
  shortPauses: 0,
  hasPassedBy: false,
  isThorough: false
}

/** Whether the worker has found jobs for so long that producers need not wake it. */
export const isBusy = (idle: Idle): boolean => idle.sleep === "awake" || idle.fullRounds >= 10

export const afterClaim = (idle: Idle, claim: {
  /** The claim brought no job, and no lane was left to look at. */
  readonly isEmpty: boolean
  /** What `isBusy` answered for this claim. */
  readonly isBusy: boolean
  /** Jobs may be ready where the claim did not look. */
  readonly hasPassedBy?: boolean | undefined
}): Idle => {
  const looked = { ...idle, hasPassedBy: claim.hasPassedBy === true, isThorough: false }
  if (!claim.isEmpty) {
    const sleep = claim.isBusy ? "awake" : looked.sleep
    return { ...looked, sleep, fullRounds: looked.fullRounds + 1, emptyRounds: 0 }
  }
  const sleep = looked.sleep === "awake" ? "falling asleep" : looked.sleep
  return { ...looked, sleep, fullRounds: 0 }
}

/** Wake-ups may have been missed: the worker falls asleep anew. */
export const distrusted = (idle: Idle): Idle => ({ ...idle, sleep: "awake" })

/** The claim failed: the next pause is not the shortest. */
export const afterFailure = (idle: Idle): Idle => ({
  ...idle,
  emptyRounds: Math.max(idle.emptyRounds, 1)
})

/**
 * The empty claim marked this worker asleep. A producer that had checked before will not send a
 * wake-up, so the worker claims once more and finds the jobs that were committed by then.
 */
export const asleep = (idle: Idle): Idle => ({ ...idle, sleep: "asleep", emptyRounds: 0 })

/** The store has answered whether such transactions are open. */
export const afterLook = (idle: Idle, hasUnannounced: boolean): Idle => ({
  ...idle,
  hasUnannounced
})

/**
 * Whether each job that is added from now on wakes the worker, as far as it can tell. Where nobody
 * sends wake-ups, it has heard of none.
 */
export const hearsOfAll = ({ hasHeard, hasUnannounced, sleep }: Idle): boolean =>
  sleep === "asleep" && hasHeard && !hasUnannounced

/** Whether to pause only briefly and then to ask for such transactions again. */
export const isWatchful = (idle: Idle): boolean => idle.hasUnannounced && idle.emptyRounds === 0

/** The longest pause in milliseconds; the shortest is not much less. It never exceeds `longest`. */
export const pauseMax = (idle: Idle, longest: number): number =>
  Math.min(
    idle.hasPassedBy ? beforeThorough : Infinity,
    isWatchful(idle)
      // Each pause grows by 10 %, about a tenth of the time that the transaction has been open: a
      // transaction that is already old may stay open for long.
      ? Math.min(25 * 1.1 ** (idle.shortPauses + 1), 1000)
      : 200 * 2 ** Math.min(idle.emptyRounds, 5),
    longest
  )

export const afterPause = (idle: Idle, pause: {
  /** A change came before the pause was over. */
  readonly isWoken: boolean
  /** A producer has woken the worker. */
  readonly hasHeard: boolean
}): Idle => ({
  ...idle,
  hasHeard: pause.hasHeard,
  fullRounds: 0,
  emptyRounds: pause.isWoken || isWatchful(idle) ? 0 : idle.emptyRounds + 1,
  shortPauses: isWatchful(idle) ? idle.shortPauses + 1 : 0,
  isThorough: idle.hasPassedBy && !pause.isWoken
})

/** Milliseconds without a wake-up, after which a claim looks everywhere. */
const beforeThorough = 80
