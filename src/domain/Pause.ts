/**
 * Pauses of queues and of names, the wish for one, and the answers.
 */

/** A pause that lasts. */
export interface Pause {
  /** "*" stands for all queues. */
  readonly queue: string
  /** The name whose jobs are paused. `undefined` is the whole queue. */
  readonly name: string | undefined
  readonly pausedAt: Date
  /** The database role that has paused; in memory, "memory". */
  readonly pausedBy: string
  /** When the pause ends by itself, by the database's clock. `undefined` is never. */
  readonly until: Date | undefined
  readonly reason: string | undefined
  /** Whether workers interrupt the runs of paused jobs and give the jobs back. */
  readonly cancelsRunning: boolean
}

/** The queue that a pause holds up, or the jobs of a name in it. */
export interface PauseTarget {
  /** "*" stands for all queues. */
  readonly queue: string
  readonly name: string | undefined
}

/** How long a pause lasts, and why there is one. */
export interface PauseTerms {
  readonly reason?: string | undefined
  /** When the pause ends by itself: a time, or so many milliseconds from now. */
  readonly end?: { readonly at: Date } | { readonly in: number } | undefined
  readonly cancelsRunning?: boolean | undefined
}

/** The answer to a pause. "already paused": there is one, and its reason and times stay. */
export type PauseAnswer = "paused" | "already paused"

/** The answer to a resume. "not paused": there was no such pause. */
export type ResumeAnswer = "resumed" | "not paused"

/** All queues. */
export const everyQueue = "*"

/** As much of a pause as decides whether it concerns a job. */
export type Scope = Pick<Pause, "queue" | "name">

/** Whether a pause concerns all jobs of a queue. */
export const holdsQueue = (pause: Scope, queue: string): boolean =>
  pause.name === undefined && concerns(pause, queue)

/** Whether a pause concerns the jobs of a name in a queue, and not the whole queue. */
export const holdsName = (pause: Scope, job: { queue: string; name: string }): boolean =>
  pause.name === job.name && concerns(pause, job.queue)

/** Whether a pause concerns a job. */
export const holds = (pause: Scope, job: { queue: string; name: string }): boolean =>
  holdsQueue(pause, job.queue) || holdsName(pause, job)

/** Whether a pause concerns some job of a queue. */
export const concerns = ({ queue: paused }: Pick<Pause, "queue">, queue: string): boolean =>
  paused === queue || paused === everyQueue
