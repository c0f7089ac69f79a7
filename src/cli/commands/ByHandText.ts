/**
 * The answers of `pgq retry`, `pgq discard`, `pgq edit` and `pgq failed`, as text for people and as
 * JSON.
 */
import type {
  CopyAnswer,
  DiscardAnswer,
  EditAnswer,
  RetryAnswer,
  RetryCounts
} from "../../domain/ByHand.ts"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { FailedJob } from "../../domain/FailedJob.ts"

type Answer = RetryAnswer | CopyAnswer | DiscardAnswer | EditAnswer

const ofAnswer = (answer: Answer): string => {
  switch (answer._tag) {
    case "Redriven":
      return "queued again"
    case "Copied":
      return `added anew as ${answer.newId}`
    case "Unfinished":
      return "not added: it has not ended"
    case "Retried":
      return "starts at once"
    case "Queued":
      return "queued already"
    case "Paused":
      return "paused"
    case "Running":
      return "running"
    case "Completed":
      return "completed before"
    case "Conflict":
      return `not queued: ${holderOf(answer)} has its unique key`
    case "Discarded":
      return "discarded"
    case "Edited":
      return "edited"
    case "Changed":
      return "changed meanwhile"
    case "Finished":
      return `${answer.outcome} before`
    case "Held":
      return "held by another transaction"
    case "Unknown":
      return "unknown"
  }
}

const holderOf = ({ holder }: Extract<Answer, { readonly _tag: "Conflict" }>): string =>
  holder === undefined ? "another job" : `job ${holder}`

/** The answers for single jobs: a line each, or a list of objects. */
export const ofAnswers = (
  answers: ReadonlyArray<Answer>,
  { ids, json }: { readonly ids: ReadonlyArray<bigint>; readonly json: boolean }
): string =>
  json
    ? JSON.stringify(answers.map((answer, n) => jsonOf(answer, ids[n])), undefined, 2)
    : answers.map((answer, n) => `${ids[n]} ${ofAnswer(answer)}`).join("\n")

// JSON has no 64-bit integers.
const jsonOf = ({ _tag, ...more }: Answer, id: bigint | undefined) => ({
  id: String(id),
  answer: _tag.toLowerCase(),
  ...more,
  ..."newId" in more && { newId: String(more.newId) },
  ..."holder" in more && { holder: more.holder === undefined ? undefined : String(more.holder) }
})

export const ofCounts = ({ conflicts, held, redriven }: RetryCounts): string =>
  `${redriven} queued again` +
  (conflicts === 0 ? "" : `, ${conflicts} whose unique key another job has`) +
  (held === 0 ? "" : `, ${held} held by other transactions`)

/** A failed job as one line. */
export const ofFailed = (job: FailedJob): string => {
  const error = job.error === undefined ? "" : `: ${ErrorText.summary(job.error)}`
  const attempts = `${job.attempts} attempt${job.attempts === 1 ? "" : "s"}`
  const at = job.finishedAt.toISOString()
  // A name or an error may hold characters that a terminal obeys.
  return `${job.id} ${job.name} ${job.outcome} ${at} after ${attempts}${error}`
    .replaceAll(/\p{Cc}/gu, " ")
}

export const jsonOfFailed = (job: FailedJob) => ({
  ...job,
  id: String(job.id),
  error: job.error ?? null
})
