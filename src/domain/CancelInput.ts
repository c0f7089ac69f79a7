/**
 * Checks the wish to cancel jobs before anything is sent, so that a mistake costs one clear
 * sentence and no round trip.
 */
import { Duration, Option, Result } from "effect"
import type { AnySelection, CancelFilter } from "./Cancellation.ts"
import { JobInvalid } from "./Errors.ts"
import { keyBytesMax, nameBytesMax, queueBytesMax, textIssue } from "./JobRecord.ts"

/** The longest reason, in characters. */
const reasonLengthMax = 1000

/** Single jobs to cancel. Answers how long to wait for their ends; `undefined` is not at all. */
export const ofJobs = (
  ids: ReadonlyArray<bigint>,
  { reason, wait }: {
    readonly reason?: string | undefined
    readonly wait?: Duration.Input | undefined
  }
): Result.Result<Duration.Duration | undefined, JobInvalid> => {
  const time = wait === undefined ? undefined : Option.getOrUndefined(durationOf(wait))
  const isWait = wait === undefined ||
    (time !== undefined && Duration.isGreaterThanOrEqualTo(time, Duration.zero))
  return refuse(
    ids.map(idIssue).find((issue) => issue !== undefined) ?? reasonIssue(reason) ??
      (isWait ? undefined : "the time to wait is not a duration of 0 or more"),
    time
  )
}

/** Many jobs to cancel. An application may name a kind in place of a name. */
export const ofMany = (
  { key, limit, name: of, queue, states }: AnySelection,
  { reason }: { readonly reason?: string | undefined }
): Result.Result<CancelFilter, JobInvalid> => {
  const name = typeof of === "object" && of !== null ? of.name : of
  return refuse(
    filterIssue({ queue, name, key }) ?? statesIssue(states) ?? limitIssue(limit) ??
      reasonIssue(reason),
    { queue, name, key, states, limit }
  )
}

const refuse = <A>(issue: string | undefined, otherwise: A): Result.Result<A, JobInvalid> =>
  issue === undefined ? Result.succeed(otherwise) : Result.fail(new JobInvalid({ issue }))

export const idIssue = (id: unknown): string | undefined =>
  typeof id === "bigint" && BigInt.asIntN(64, id) === id
    ? undefined
    : `the id ${String(id)} is not a bigint of 64 bits`

export const reasonIssue = (reason: unknown): string | undefined => {
  if (reason === undefined) return undefined
  const length = typeof reason === "string" ? Array.from(reason).length : 0
  return length > reasonLengthMax
    ? `the reason has ${length} characters; at most ${reasonLengthMax} fit`
    : wordIssue("the reason", reason, Infinity)
}

const durationOf = (input: Duration.Input): Option.Option<Duration.Duration> =>
  Number.isNaN(input) ? Option.none() : Duration.fromInput(input)

const filterIssue = ({ key, name, queue }: CancelFilter): string | undefined =>
  queue === undefined && name === undefined && key === undefined
    ? "name a queue, a name or a key: pgq does not cancel every job there is"
    : (queue === undefined ? undefined : wordIssue("the queue's name", queue, queueBytesMax)) ??
      (name === undefined ? undefined : wordIssue("the job's name", name, nameBytesMax)) ??
      (key === undefined ? undefined : wordIssue("the key", key, keyBytesMax))

export const wordIssue = (what: string, text: unknown, bytesMax: number): string | undefined =>
  typeof text === "string" ? textIssue(what, text, bytesMax) : `${what} is not a text`

const statesIssue = (states: unknown): string | undefined =>
  states === undefined || (Array.isArray(states) && states.length > 0 && states.every(isState))
    ? undefined
    : "the states are not a list of waiting, running or both"

const isState = (state: unknown): boolean => state === "waiting" || state === "running"

export const limitIssue = (limit: unknown): string | undefined =>
  limit === undefined || (Number.isSafeInteger(limit) && Number(limit) >= 1)
    ? undefined
    : "the limit is not a whole number of 1 or more"
