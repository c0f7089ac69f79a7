/**
 * Why a job runs, waits or has ended.
 */

/** The codes of all reasons, and what each of them means. */
export const meanings = {
  "unknown": "there is no such job, and no history of it",
  "empty": "the queue has no unfinished job",
  "finished": "the job has ended",
  "running": "a worker runs the job",
  "prefetched": "a worker has the job, and runs others first",
  "cancel-requested": "somebody has asked the worker to stop the job",
  "late-worker": "the job's worker has not renewed its lease",
  "scheduled": "the job is for later",
  "between-tries": "the job has failed, and waits for its next try",
  "snoozed": "the handler has put the job off",
  "unknown-name": "the worker that claimed the job had no handler for it",
  "blocked": "the job has failed for good, and blocks its key",
  "set-aside": "the job was set aside by a pause that is over, and comes back",
  "queue-paused": "the queue is paused",
  "name-paused": "the jobs of this name are paused",
  "due-not-promoted": "the job is due, and no process has made it ready",
  "behind-key": "another job of the key goes first",
  "no-token": "a claim has yet to choose the next job of the key",
  "no-worker": "no live worker takes jobs of the queue",
  "no-handler": "no worker of the queue has a handler for the job",
  "workers-stopping": "all workers of the queue stop",
  "workers-busy": "all slots of the workers are taken",
  "claims-locked": "a session keeps claims of the queue out",
  "more-urgent": "other ready jobs of the queue go first",
  "suspect": "workers died while they had the job, so it is claimed with care",
  "held": "a transaction has locked the job's row",
  "xmin-pinned": "a long transaction makes claims slow",
  "expires": "the job has a time to expire at",
  "ready": "nothing keeps the job: the next claim takes it"
} as const

/** The name of a reason, for programs. */
export type ReasonCode = keyof typeof meanings

/** One reason. The nearest reason stands first. */
export interface Reason {
  readonly code: ReasonCode
  /** A sentence for people. It may have the first line of an error, but nothing of a payload. */
  readonly detail: string
  readonly since: Date | undefined
  readonly until: Date | undefined
  /** The job that the reason is about: the job itself, or one that goes before it. */
  readonly job: bigint | undefined
  /** A command, or an event, that would move the job. */
  readonly advice: string | undefined
}

/** Where a job is, and why. */
export interface Why {
  readonly verdict: "running" | "waits" | "finished" | "unknown"
  readonly reasons: ReadonlyArray<Reason>
}

/** The nearest reason says where the job is; others may be about jobs that go before it. */
export const of = (reasons: ReadonlyArray<Reason>): Why => {
  const nearest = reasons.find(({ code }) => code !== "cancel-requested")?.code
  const isVerdict = nearest === "running" || nearest === "finished" || nearest === "unknown"
  return { verdict: isVerdict ? nearest : "waits", reasons }
}
