/**
 * Checks the wish for an operation before anything is sent, so that a mistake costs one clear
 * sentence and no round trip.
 */
import { Result } from "effect"
import * as ByHandInput from "./ByHandInput.ts"
import * as CancelInput from "./CancelInput.ts"
import { JobInvalid } from "./Errors.ts"
import {
  actions,
  bounds,
  type OperationChange,
  type OperationInput,
  OperationRefused
} from "./Operation.ts"

/** A plan as the store takes it. The change is JSON text. */
export interface Plan extends Omit<OperationInput, "change"> {
  readonly change: string | undefined
}

/** A caller in JavaScript may give anything. */
export const ofPlan = (
  { change, ...plan }: OperationInput
): Result.Result<Plan, JobInvalid | OperationRefused> => {
  const { action, actor, id, ids = [], query, reason } = plan
  const issue = (id === undefined ? undefined : idIssue(id)) ??
    (actions.includes(action) ? undefined : "the action is not retry, cancel, discard or edit") ??
    ((plan.ids === undefined) === (query === undefined)
      ? "an operation has ids, or a search"
      : query !== undefined && typeof query !== "string"
      ? "the search is not a text"
      : undefined) ??
    (Array.isArray(ids)
      ? ids.map(CancelInput.idIssue).find((found) => found !== undefined)
      : "the ids are not a list") ??
    CancelInput.reasonIssue(reason) ??
    CancelInput.wordIssue("the actor", actor, actorBytesMax) ??
    (change !== undefined && action !== "edit"
      ? "new values are for the action edit"
      : change?.payload !== undefined && (query !== undefined || ids.length > 1)
      ? "a payload is for one job"
      : undefined)
  return issue !== undefined
    ? Result.fail(new JobInvalid({ issue }))
    : ids.length > bounds.jobsMax
    ? Result.fail(tooMany)
    : action === "edit"
    ? Result.map(ofChange(change ?? {}), (text) => ({ ...plan, change: text }))
    : Result.succeed({ ...plan, change: undefined })
}

/** The id of an operation, as a client may choose it. */
export const idIssue = (id: unknown): string | undefined =>
  typeof id === "string" && uuid.test(id) ? undefined : "the id of an operation is not a uuid"

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

const actorBytesMax = 200

export const tooMany = new OperationRefused({
  reason: "too-many",
  detail: `an operation is for ${bounds.jobsMax} jobs at most: take them in parts`
})

/** The payload stays as it was written, because JavaScript would round large numbers. */
const ofChange = (
  { maxAttempts, payload, priority, runAt }: OperationChange
): Result.Result<string, JobInvalid> =>
  Result.map(
    ByHandInput.ofEdit(0n, { maxAttempts, payload, priority, runAt }),
    () => {
      const values = { priority, max_attempts: maxAttempts, run_at: runAt?.toISOString() }
      const members = Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
      return `{${
        [...members, ...(payload === undefined ? [] : [`"payload":${payload}`])].join(",")
      }}`
    }
  )
