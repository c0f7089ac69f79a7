/**
 * Retries, discards and edits jobs of the queue in memory.
 */
import {
  DiscardAnswer,
  EditAnswer,
  type JobChange,
  RetryAnswer,
  type RetryCounts,
  type RetryEdit,
  type RetrySpread,
  type Start
} from "../../domain/ByHand.ts"
import * as Steps from "../../domain/ByHandSteps.ts"
import type { JobOutcome } from "../../domain/Cancellation.ts"
import * as LaneJob from "../../domain/LaneJob.ts"
import type { StoredJob } from "./MemoryJob.ts"
import type { MemoryStore } from "./MemoryStore.ts"

/** Retries jobs in the order of their ids: the oldest gets a key. Answers in the order given. */
export const retryEach = (
  store: MemoryStore,
  ids: ReadonlyArray<bigint>,
  now: number
): ReadonlyArray<RetryAnswer> => {
  const answers: Array<RetryAnswer> = []
  const places = ids.map((_, place) => place).toSorted((a, b) => Number(ids[a]! - ids[b]!))
  for (const place of places) answers[place] = retry(store, ids[place]!, now)
  return answers
}

const retry = (store: MemoryStore, id: bigint, now: number): RetryAnswer => {
  const again = store.hands.redrive(id, now)
  if (again !== undefined) return again
  const job = store.looks.find(id)
  if (job !== undefined && store.pauses.keeps(job, now)) return RetryAnswer.Paused()
  const answer = store.change((state) => Steps.retry(state, id, now), now)
  if (answer !== undefined) return answer
  return store.looks.outcomeOf(id) === "completed" ? RetryAnswer.Completed() : RetryAnswer.Unknown()
}

/** Queues finished jobs again, spread in time if asked. `next` is when the next may start. */
export const redriveEach = (
  store: MemoryStore,
  ids: ReadonlyArray<bigint>,
  { edit, now, spread }: {
    readonly now: number
    readonly spread: RetrySpread | undefined
    readonly edit: RetryEdit | undefined
  }
): RetryCounts & { readonly next: number } => {
  const between = spread === undefined ? 0 : 1000 / spread.perSecond
  const from = Math.max(spread?.from?.getTime() ?? now, now)
  let [redriven, conflicts] = [0, 0]
  for (const id of ids) {
    const again = store.hands.redrive(id, now, { dueAt: from + redriven * between, edit })
    if (again?._tag === "Redriven") redriven++
    if (again?._tag === "Conflict") conflicts++
  }
  return { redriven, conflicts, held: 0, next: from + redriven * between }
}

export const discard = (store: MemoryStore, id: bigint, now: number): DiscardAnswer => {
  const answer = store.change((state) => Steps.discard(state, id), now)
  if (answer !== undefined) return answer
  const outcome = endOf(store, id)
  return outcome === undefined ? DiscardAnswer.Unknown() : DiscardAnswer.Finished({ outcome })
}

export const edit = (
  store: MemoryStore,
  id: bigint,
  { change, now }: { readonly change: JobChange; readonly now: number }
): EditAnswer => {
  const fits = ({ payload }: StoredJob) =>
    change.expected === undefined || payload === change.expected
  const step = { fits, change: (job: StoredJob) => edited(job, change, now) }
  const answer = store.change((state) => Steps.edit(state, id, step), now)
  if (answer !== undefined) return answer
  const outcome = endOf(store, id)
  return outcome === undefined ? EditAnswer.Unknown() : EditAnswer.Finished({ outcome })
}

const edited = (job: StoredJob, change: JobChange, now: number): StoredJob => {
  const { maxAttempts, payload, priority, start } = change
  const dueAt = start && timeOf(start, now)
  const values = {
    ...job,
    priority: priority ?? job.priority,
    payload: payload ?? job.payload,
    maxAttempts: maxAttempts ?? job.maxAttempts,
    expiresAt: expiryOf(change, dueAt ?? job.dueAt, now) ?? job.expiresAt
  }
  return dueAt === undefined ? values : LaneJob.moved(values, dueAt, now)
}

/** A time to expire in counts from the time at which the job may start, if that is later. */
const expiryOf = ({ expiry }: JobChange, dueAt: number, now: number): number | undefined =>
  expiry && timeOf(expiry, dueAt < Infinity ? Math.max(dueAt, now) : now)

const timeOf = (time: Start, now: number): number =>
  "at" in time ? time.at.getTime() : now + time.in

/** How a job has ended that is not in the queue. */
const endOf = (store: MemoryStore, id: bigint): JobOutcome | undefined => {
  const outcome = store.looks.outcomeOf(id)
  return outcome === "unfinished" || outcome === "unknown" ? undefined : outcome
}
