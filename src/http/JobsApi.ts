/**
 * The contract of the endpoints of jobs.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { JobPage } from "../domain/JobList.ts"
import { Needs } from "./Gate.ts"
import { Limit, Seconds } from "./Numbers.ts"
import { Changed, Duplicate, Ended, Held, JobNotFound, ofDatabase } from "./Problems.ts"
import { Answer, JobId, JobView, LogView, RunView, Time, WhyView } from "./Views.ts"

const params = { id: JobId }
const ofJob = [...ofDatabase, JobNotFound] as const
const ofChange = [...ofJob, Held, Ended] as const

/** When a job may start and expire, and how often it is tried. */
const terms = {
  priority: Schema.optionalKey(Schema.Finite),
  runAt: Schema.optionalKey(Time),
  delaySeconds: Schema.optionalKey(Seconds),
  maxAttempts: Schema.optionalKey(Schema.Finite),
  expiresAt: Schema.optionalKey(Time),
  expiresInSeconds: Schema.optionalKey(Seconds)
}

/** A job to add. Its payload is stored as it is written. */
export const NewJob = Schema.Struct({
  ...terms,
  name: Schema.String,
  payload: Schema.optionalKey(Schema.Json),
  queue: Schema.optionalKey(Schema.String),
  key: Schema.optionalKey(Schema.String),
  uniqueKey: Schema.optionalKey(Schema.String)
})

/** The new values of a job. */
export const Changes = Schema.Struct({ ...terms, payload: Schema.optionalKey(Schema.Json) })

export const group = HttpApiGroup.make("jobs")
  .add(
    HttpApiEndpoint.post("add", "/jobs", {
      payload: Schema.Struct({
        jobs: Schema.Array(NewJob).check(Schema.isMinLength(1), Schema.isMaxLength(1000))
      }),
      success: Schema.Struct({ ids: Schema.Array(Schema.String) }),
      error: [...ofDatabase, Duplicate]
    }).annotate(Needs, "add").annotate(OpenApi.Summary, "Adds up to 1,000 jobs, all or none")
  )
  .add(
    HttpApiEndpoint.get("list", "/jobs", {
      query: {
        q: Schema.optionalKey(Schema.String),
        after: Schema.optionalKey(Schema.String),
        limit: Schema.optionalKey(Limit)
      },
      success: JobPage,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(
        OpenApi.Summary,
        "The jobs that a search finds, and how far it has looked; fields of payloads and texts " +
          "need the right `payloads`"
      )
  )
  .add(
    HttpApiEndpoint.get("find", "/job/:id", { params, success: JobView, error: ofJob })
      .annotate(Needs, "read")
      .annotate(OpenApi.Summary, "A job: its state, why it waits, and runs that did not complete")
  )
  .add(
    HttpApiEndpoint.get("why", "/job/:id/why", { params, success: WhyView, error: ofJob })
      .annotate(Needs, "read").annotate(OpenApi.Summary, "Why a job waits, runs or has ended")
  )
  .add(
    HttpApiEndpoint.get("runs", "/job/:id/runs", {
      params,
      query: { limit: Schema.optionalKey(Limit) },
      success: Schema.Struct({ items: Schema.Array(RunView) }),
      error: ofJob
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The runs of a job that did not complete, the newest first")
  )
  .add(
    HttpApiEndpoint.get("logs", "/job/:id/logs", {
      params,
      query: {
        limit: Schema.optionalKey(Limit),
        skip: Schema.optionalKey(
          Schema.NumberFromString.check(Schema.isInt(), Schema.isGreaterThanOrEqualTo(0))
        )
      },
      success: Schema.Struct({ items: Schema.Array(LogView) }),
      error: ofJob
    }).annotate(Needs, "payloads")
      .annotate(OpenApi.Summary, "The log of a job, the oldest line first")
  )
  .add(
    HttpApiEndpoint.get("payload", "/job/:id/payload", {
      params,
      success: Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/json" })),
      error: [...ofJob, Ended]
    }).annotate(Needs, "payloads")
      .annotate(
        OpenApi.Summary,
        "The payload of a job that has not ended, as it is stored, but for its secrets"
      )
  )
  .add(
    HttpApiEndpoint.patch("edit", "/job/:id", {
      params,
      headers: { "if-match": Schema.optionalKey(Schema.String) },
      payload: Changes,
      success: Answer,
      error: [...ofChange, Changed]
    }).annotate(Needs, "edit").annotate(OpenApi.Summary, "Changes a job that no worker has")
  )
  .add(
    HttpApiEndpoint.post("retry", "/job/:id/retry", {
      params,
      success: Answer,
      error: [...ofChange, Duplicate]
    }).annotate(Needs, "retry")
      .annotate(OpenApi.Summary, "Queues a job again, or lets one start at once that waits")
  )
  .add(
    HttpApiEndpoint.post("cancel", "/job/:id/cancel", {
      params,
      payload: Schema.Struct({ reason: Schema.optionalKey(Schema.String) }),
      success: Answer,
      error: ofChange
    }).annotate(Needs, "discard").annotate(OpenApi.Summary, "Cancels a job, wherever it is")
  )
  .add(
    HttpApiEndpoint.post("discard", "/job/:id/discard", {
      params,
      success: Answer,
      error: ofChange
    })
      .annotate(Needs, "discard").annotate(OpenApi.Summary, "Ends a job for good that waits")
  )
