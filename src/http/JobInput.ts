/**
 * Jobs and changes as the API takes them, as the services take them. A payload goes to the store as
 * it was written, because JavaScript would round large numbers.
 */
import { Duration, Effect, Result } from "effect"
import * as ByHandInput from "../domain/ByHandInput.ts"
import type { JobInvalid } from "../domain/Errors.ts"
import { newJob } from "../domain/JobRecord.ts"
import * as JsonText from "../domain/JsonText.ts"
import type { OfferedJob } from "../domain/Unique.ts"
import * as UniqueRule from "../domain/UniqueRule.ts"
import type { Changes, NewJob } from "./JobsApi.ts"
import * as Masking from "./Masking.ts"
import { BadRequest } from "./Problems.ts"

type Terms = Omit<typeof Changes.Type, "payload">

/** The jobs of a body. `text` is the body as it came. */
export const jobs = (
  given: ReadonlyArray<typeof NewJob.Type>,
  text: string
): Effect.Effect<ReadonlyArray<OfferedJob>, JobInvalid> => {
  const texts = JsonText.elements(valueOf(text, "jobs") ?? "[]")
  return Effect.forEach(given, (job, n) => Effect.fromResult(one(job, texts[n] ?? "{}")))
}

const one = (
  { key, name, queue, uniqueKey, ...terms }: typeof NewJob.Type,
  text: string
): Result.Result<OfferedJob, JobInvalid> => {
  const job = newJob(name, valueOf(text, "payload") ?? "{}", { ...termsOf(terms), queue, key })
  return uniqueKey === undefined
    ? job
    : Result.flatMap(job, (job) =>
      Result.map(
        UniqueRule.wishOf(UniqueRule.keep, {}, uniqueKey),
        (unique) => ({ ...job, unique })
      ))
}

/** The changes of a body. `text` is the body as it came. */
export const change = (id: bigint, given: Terms, text: string) =>
  Effect.fromResult(
    ByHandInput.ofEdit(id, { ...termsOf(given), payload: valueOf(text, "payload") })
  )

/** Refuses a payload with the mask of a value that is not shown: it would overwrite the value. */
export const refuseMask = (payload: string | undefined): Effect.Effect<void, BadRequest> =>
  payload?.includes(Masking.maskText) === true
    ? Effect.fail(
      new BadRequest({
        detail: `the payload has ${Masking.maskText} in place of a value that is not shown`
      })
    )
    : Effect.void

const termsOf = ({ delaySeconds, expiresAt, expiresInSeconds, ...terms }: Terms) => {
  const { maxAttempts, priority, runAt } = terms
  const times = {
    maxAttempts,
    priority,
    runAt: runAt === undefined ? undefined : new Date(runAt),
    delay: delaySeconds === undefined ? undefined : Duration.seconds(delaySeconds)
  }
  // Both together are refused by the check of the job.
  return {
    ...times,
    expiresAt: expiresAt === undefined ? undefined : new Date(expiresAt),
    expiresIn: expiresInSeconds === undefined ? undefined : Duration.seconds(expiresInSeconds)
  }
}

/** The value of a member as it is written. Of two members of one name, JSON takes the last. */
export const valueOf = (text: string, name: string): string | undefined =>
  JsonText.members(text).findLast((member) => member.name === name)?.value
