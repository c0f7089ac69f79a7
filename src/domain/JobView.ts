/**
 * A job as somebody sees it who watches it.
 */
import type { JobOutcome } from "./Cancellation.ts"

/** How far a run has come, as its handler has said. */
export interface JobProgress {
  /** The share of the work that is done, from 0 to 1. */
  readonly fraction: number
  /** Anything else that the handler has said, as parsed JSON; `null` if it has not. */
  readonly data: unknown
  /** When the store has heard of it. */
  readonly at: Date
}

/** Whether a job waits or runs, or how it has ended, and how far its run has come. */
export interface JobView {
  /** A job runs as soon as a worker has claimed it. */
  readonly state: "waiting" | "running" | JobOutcome
  /** Of the present run, as its handler has said; `undefined` if it has not. */
  readonly progress: JobProgress | undefined
}

/** A job that was looked for. */
export interface SeenJob {
  /** The name of its kind; `undefined` if it is unknown. */
  readonly name: string | undefined
  /** The queue and the key of a job that has not ended. */
  readonly lane?: { readonly queue: string; readonly key: string | undefined } | undefined
  readonly state: JobView["state"] | "unknown"
  readonly progress: JobProgress | undefined
}

/** Whether there is anything new. Each report has a time of its own. */
export const differs = (one: SeenJob, other: SeenJob): boolean =>
  one.state !== other.state || one.progress?.at.getTime() !== other.progress?.at.getTime()

export const isOver = ({ state }: JobView): boolean => state !== "waiting" && state !== "running"
