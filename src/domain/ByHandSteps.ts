/**
 * The steps of operators on jobs that wait, as pure functions. A leased job is left to its worker.
 *
 * Each step answers `undefined` if there is no such job.
 */
import { DiscardAnswer, EditAnswer, RetryAnswer } from "./ByHand.ts"
import * as LaneJob from "./LaneJob.ts"
import type { Changes, State } from "./ProtocolSteps.ts"

/** The answer of a step, and what it changes. */
interface Answered<J, A> {
  readonly answer: A
  readonly changes: Changes<J>
}

const nothing = { jobs: [], finished: [], leases: [] }

/** Lets a job start that waits for its time, or blocks its lane. */
export const retry = <J extends LaneJob.LaneJob>(
  { jobs }: State<J>,
  id: bigint,
  now: number
): Answered<J, RetryAnswer> | undefined => {
  const job = jobs.get(id)
  if (job === undefined) return undefined
  switch (job.laneState) {
    case "leased":
      return { answer: RetryAnswer.Running(), changes: nothing }
    case "open":
      return { answer: RetryAnswer.Queued(), changes: nothing }
    case "delayed":
    case "delayedHoldingLane":
      return {
        answer: RetryAnswer.Retried(),
        changes: { ...nothing, jobs: [LaneJob.moved(job, now, now)] }
      }
  }
}

/** Ends a job for good. */
export const discard = <J extends LaneJob.LaneJob>(
  { jobs }: State<J>,
  id: bigint
): Answered<J, DiscardAnswer> | undefined => {
  const job = jobs.get(id)
  if (job === undefined) return undefined
  return job.laneState === "leased"
    ? { answer: DiscardAnswer.Running(), changes: nothing }
    : {
      answer: DiscardAnswer.Discarded(),
      changes: { ...nothing, finished: [{ job, outcome: "discarded", lease: undefined }] }
    }
}

/** Changes a job that is not leased, if it fits. */
export const edit = <J extends LaneJob.LaneJob>(
  { jobs }: State<J>,
  id: bigint,
  { change, fits }: { readonly fits: (job: J) => boolean; readonly change: (job: J) => J }
): Answered<J, EditAnswer> | undefined => {
  const job = jobs.get(id)
  if (job === undefined) return undefined
  if (job.laneState === "leased") return { answer: EditAnswer.Running(), changes: nothing }
  return fits(job)
    ? { answer: EditAnswer.Edited(), changes: { ...nothing, jobs: [change(job)] } }
    : { answer: EditAnswer.Changed(), changes: nothing }
}
