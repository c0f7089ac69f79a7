/**
 * The figures of a worker: how its runs ended, how long its jobs waited and ran, and what it asked
 * of the store. The objects change in place, and a reader reads them when it wants to.
 */
import type { Settlement } from "./Settlement.ts"

/**
 * How runs end, in the order of the counts. `released` jobs went back as they were; the worker lost
 * the lease of a `lost` one before it had ended.
 */
export const outcomes = [
  "completed",
  "failed",
  "blocked",
  "retried",
  "snoozed",
  "cancelled",
  "released",
  "unhandled",
  "lost"
] as const

export type RunEnd = (typeof outcomes)[number]

/** The upper bounds of the buckets of each histogram, in seconds. One more bucket has the rest. */
export const bounds: ReadonlyArray<number> = [
  .001,
  .0025,
  .005,
  .01,
  .025,
  .05,
  .1,
  .25,
  .5,
  1,
  2.5,
  5,
  10,
  30,
  60,
  300,
  1800
]

/** The name under which the kinds count that are too many to be named. */
export const otherKinds = "_other"

/** How many kinds a worker tells apart. */
export const kindsMax = 500

/** Durations, in seconds. */
export interface Durations {
  /** The number in each bucket, not cumulated; one more than there are bounds. */
  readonly buckets: ReadonlyArray<number>
  readonly count: number
  readonly sum: number
  /** Infinite while `count` is 0. */
  readonly min: number
  readonly max: number
}

/** The runs of the jobs of one name in one queue, since the worker counts them. */
export interface KindFigures {
  readonly queue: string
  readonly name: string
  /** The number of each end, in the order of `outcomes`. */
  readonly ended: ReadonlyArray<number>
  /** From the time that a job was due until its handler began. */
  readonly waited: Durations
  readonly ran: Durations
}

/** The answers to one step that a worker asks the store for, or its failures of one kind. */
export interface StepFigures {
  readonly step: "claim" | "settle" | "renew"
  /** The class of the error: two characters of an SQLSTATE, or the system's code. */
  readonly error: string | undefined
  readonly took: Durations
}

/** The jobs that a worker has claimed from one queue. */
export interface QueueFigures {
  readonly queue: string
  readonly claimed: number
}

/** A worker at this moment. */
export interface WorkerGauges {
  readonly slots: number
  readonly running: number
  /** Claimed, not yet started. */
  readonly waiting: number
  /** Milliseconds since the last renewal that succeeded was sent. */
  readonly renewedAgo: number
}

/** Told of figures that come and go. */
export interface FiguresWatch {
  readonly onKind: (kind: KindFigures) => void
  /** No job of the kind has ended for an hour: it is counted no more, and begins anew later. */
  readonly onKindGone: (kind: KindFigures) => void
  readonly onStep: (step: StepFigures) => void
}

/** All counts of a worker. */
export interface Figures {
  readonly queues: ReadonlyArray<QueueFigures>
  readonly gauges: () => WorkerGauges
  /** Tells of the figures that there are, and of each that comes or goes until it is undone. */
  readonly watch: (watch: FiguresWatch) => () => void
}

export const endOf = (settlement: Settlement): RunEnd => {
  switch (settlement._tag) {
    case "Completed":
      return "completed"
    case "Failed":
      return settlement.blocksLane ? "blocked" : "failed"
    case "Retried":
      return "retried"
    case "Snoozed":
      return "snoozed"
    case "Cancelled":
      return "cancelled"
    case "Released":
      return "released"
    case "Unhandled":
      return "unhandled"
  }
}
