/**
 * The wishes of operators about jobs that ended badly or wait, and the answers.
 */
import { Data } from "effect"
import type { JobOutcome } from "./Cancellation.ts"
import type { NewJob } from "./JobRecord.ts"

/** The answer to the wish that a job be tried again. */
export type RetryAnswer = Data.TaggedEnum<{
  /** The job had ended, and is queued again under its id, as if it had never run. */
  Redriven: {}
  /** The job waited for its time or its next try, or blocked its lane. It may start at once. */
  Retried: {}
  /** The job may start already, or waits behind its key: nothing was changed. */
  Queued: {}
  /** A pause of the job's name keeps it until the resume: nothing was changed. */
  Paused: {}
  /** The job is leased to a worker: nothing was changed. */
  Running: {}
  /** The job has completed: there is nothing to do again. */
  Completed: {}
  /**
   * Another job, the holder, has taken its unique key since: nothing was changed. `undefined` if
   * the holder has ended by now.
   */
  Conflict: { readonly holder: bigint | undefined }
  /** Another transaction locks the job: nothing was changed. */
  Held: {}
  /** There is no such job, and no history of one. */
  Unknown: {}
}>
export const RetryAnswer = Data.taggedEnum<RetryAnswer>()

/** The answer to the wish that a finished job be added anew. */
export type CopyAnswer = Data.TaggedEnum<{
  /** There is a new job after it, under this id. */
  Copied: { readonly newId: bigint }
  /** The job has not ended: nothing was done. */
  Unfinished: {}
  /**
   * Another job, the holder, has its unique key: nothing was done. `undefined` if the holder has
   * ended by now.
   */
  Conflict: { readonly holder: bigint | undefined }
  /** Another transaction has its unique key for now: nothing was done. */
  Held: {}
  /** There is no such job, and no history of one. */
  Unknown: {}
}>
export const CopyAnswer = Data.taggedEnum<CopyAnswer>()

/** The answer to the wish that a job be discarded. */
export type DiscardAnswer = Data.TaggedEnum<{
  /** The job waited, and has ended as discarded. */
  Discarded: {}
  /** The job is leased to a worker: nothing was changed. */
  Running: {}
  /** The job had ended before. */
  Finished: { readonly outcome: JobOutcome }
  /** Another transaction locks the job: nothing was changed. */
  Held: {}
  /** There is no such job, and no history of one. */
  Unknown: {}
}>
export const DiscardAnswer = Data.taggedEnum<DiscardAnswer>()

/** The answer to the wish that a job be edited. */
export type EditAnswer = Data.TaggedEnum<{
  Edited: {}
  /** The job is leased to a worker: nothing was changed. */
  Running: {}
  /** The job has ended: nothing was changed. */
  Finished: { readonly outcome: JobOutcome }
  /** The payload was not the expected one: nothing was changed. */
  Changed: {}
  /** Another transaction locks the job: nothing was changed. */
  Held: {}
  /** There is no such job, and no history of one. */
  Unknown: {}
}>
export const EditAnswer = Data.taggedEnum<EditAnswer>()

/** Which finished jobs to try again. A field that is left out stands for any. */
export interface RetryFilter {
  readonly queue?: string | undefined
  readonly name?: string | undefined
  /** How the jobs ended. Defaults to "failed" and "crashed". */
  readonly outcome?: Exclude<JobOutcome, "completed"> | undefined
  /** The jobs ended at this time or later, by the database's clock. */
  readonly since?: Date | undefined
  /** A part of the jobs' errors. */
  readonly errorLike?: string | undefined
}

/** Finished jobs to try again: those that fit all fields. At least one is given. */
export interface FinishedSelection extends Omit<RetryFilter, "name"> {
  readonly name?: string | { readonly name: string } | undefined
}

/** How many jobs may start in a time: `"100/s"`, `"20/min"`, `"500/h"`. */
export type Rate = `${number}/${"s" | "min" | "h"}`

/** When each of many jobs may start: one after the other. */
export interface RetrySpread {
  /** The number of jobs a second, above 0. */
  readonly perSecond: number
  /** When the first one may start. Defaults to now, by the store's clock. */
  readonly from?: Date | undefined
}

/** The new values of all the jobs that are queued again. One that is left out stays as it was. */
export interface RetryEdit {
  /** A whole number of 32 bits; higher runs first. */
  readonly priority?: number | undefined
  /** Attempts before the job fails for good, at least 1. */
  readonly maxAttempts?: number | undefined
}

/** How many finished jobs came to which end. */
export interface RetryCounts {
  readonly redriven: number
  /** Jobs whose unique key another job has taken since. */
  readonly conflicts: number
  readonly held: number
}

/** The new values of a job. A field that is left out stays as it is. */
export interface JobChange {
  readonly priority?: number | undefined
  /** When the job may start. */
  readonly start?: Start | undefined
  /** JSON text. */
  readonly payload?: string | undefined
  readonly maxAttempts?: number | undefined
  /** When the job expires: at a time, or so many milliseconds after it may start first. */
  readonly expiry?: Start | undefined
  /** The payload of before, as `find` has answered it. A job with another one is not changed. */
  readonly expected?: string | undefined
}

/** A time, or so many milliseconds from now by the store's clock. */
export type Start = { readonly at: Date } | { readonly in: number }

/** A job, unfinished or finished, as much of it as another one like it has. */
export type JobPattern = Pick<
  NewJob,
  "queue" | "name" | "payload" | "key" | "priority" | "maxAttempts"
>

/** An unfinished job, as much of it as an edit must know. */
export interface FoundJob {
  readonly name: string
  /** JSON text. */
  readonly payload: string
}
