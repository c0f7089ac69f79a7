/**
 * The contract of the endpoints of operations, which are steps for many jobs at once.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import * as Operation from "../domain/Operation.ts"
import { Needs } from "./Gate.ts"
import { Limit } from "./Numbers.ts"
import { NotFound, ofDatabase, PlanExpired, TooMany, Unconfirmed, Unsupported } from "./Problems.ts"
import { JobId, Time } from "./Views.ts"

const Id = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i, {
    message: "not the id of an operation, which is a uuid"
  })
)
const params = { id: Id }
const ofOperation = [
  ...ofDatabase,
  NotFound,
  PlanExpired,
  TooMany,
  Unconfirmed,
  Unsupported
] as const

/** An operation to plan, for jobs that are named, or that a search finds now. */
export const NewOperation = Schema.Struct({
  id: Schema.optionalKey(Id),
  action: Schema.Literals(Operation.actions),
  ids: Schema.optionalKey(Schema.Array(JobId)),
  query: Schema.optionalKey(Schema.String),
  change: Schema.optionalKey(Schema.Struct({
    priority: Schema.optionalKey(Schema.Finite),
    runAt: Schema.optionalKey(Time),
    maxAttempts: Schema.optionalKey(Schema.Finite),
    payload: Schema.optionalKey(Schema.Json)
  })),
  reason: Schema.optionalKey(Schema.String)
})

export const group = HttpApiGroup.make("operations")
  .add(
    HttpApiEndpoint.post("plan", "/operations", {
      payload: NewOperation,
      success: Operation.OperationPlan,
      error: ofOperation
    }).annotate(Needs, "retry")
      .annotate(OpenApi.Summary, "Plans an operation for up to 10,000 jobs, and changes none")
  )
  .add(
    HttpApiEndpoint.get("list", "/operations", {
      query: { limit: Schema.optionalKey(Limit) },
      success: Schema.Struct({ items: Schema.Array(Operation.Operation) }),
      error: ofOperation
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The operations of the last 24 hours, the newest first")
  )
  .add(
    HttpApiEndpoint.get("find", "/operations/:id", {
      params,
      success: Operation.OperationPlan,
      error: ofOperation
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "An operation with its preview")
  )
  .add(
    HttpApiEndpoint.get("items", "/operations/:id/items", {
      params,
      query: { after: Schema.optionalKey(JobId), limit: Schema.optionalKey(Limit) },
      success: Schema.Struct({ items: Schema.Array(Operation.OperationItem) }),
      error: ofOperation
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The jobs of an operation behind `after`, with their results")
  )
  .add(
    HttpApiEndpoint.post("run", "/operations/:id/run", {
      params,
      payload: Schema.Struct({ count: Schema.optionalKey(Schema.Finite) }),
      success: Operation.Operation,
      error: ofOperation
    }).annotate(Needs, "retry")
      .annotate(
        OpenApi.Summary,
        "Runs an operation; above 1,000 jobs, `count` repeats their number"
      )
  )
  .add(
    HttpApiEndpoint.post("stop", "/operations/:id/stop", {
      params,
      success: Operation.Operation,
      error: ofOperation
    }).annotate(Needs, "retry")
      .annotate(OpenApi.Summary, "Stops a run; another run goes on")
  )
  .add(
    HttpApiEndpoint.post("undo", "/operations/:id/undo", {
      params,
      success: Operation.Operation,
      error: ofOperation
    }).annotate(Needs, "retry")
      .annotate(OpenApi.Summary, "Puts the jobs back as they were, where nobody has had them since")
  )
