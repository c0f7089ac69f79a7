/**
 * The contract of the HTTP API. Everything that describes it is made from here: the routes, the
 * rights, the OpenAPI document and the table in the documentation.
 */
import { Record, Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { FailureGroups } from "../domain/FailureGroups.ts"
import { JobPage } from "../domain/JobList.ts"
import * as Overview from "../domain/Overview.ts"
import { Gate, Needs, rights } from "./Gate.ts"
import * as Inputs from "./Inputs.ts"
import { LiveEvents, Look } from "./LiveEvents.ts"
import * as OperationsApi from "./OperationsApi.ts"
import {
  Busy,
  Changed,
  Duplicate,
  Ended,
  Held,
  JobNotFound,
  NotFound,
  ofDatabase
} from "./Problems.ts"
import * as Views from "./Views.ts"
import { Answer, JobId, JobView, LogView, PauseView, RunView, Time, WhyView } from "./Views.ts"

const Seconds = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const params = { id: JobId }
const ofJob = [...ofDatabase, JobNotFound] as const
const ofChange = [...ofJob, Held, Ended] as const

const limit = Schema.NumberFromString.check(
  Schema.isInt(),
  Schema.isBetween({ minimum: 1, maximum: 200 })
)

const session = HttpApiGroup.make("session")
  .add(
    HttpApiEndpoint.get("find", "/session", {
      success: Schema.Struct({
        actor: Schema.String,
        rights: Schema.Array(Schema.Literals(rights)),
        schema: Schema.String
      })
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "Says who asks, and what is allowed")
  )
  .add(
    HttpApiEndpoint.post("begin", "/session", {
      success: HttpApiSchema.NoContent,
      error: NotFound
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "Takes a token for a session's cookie")
  )
  .add(
    HttpApiEndpoint.delete("end", "/session", { success: HttpApiSchema.NoContent })
      .annotate(Needs, "read").annotate(OpenApi.Summary, "Takes the cookie back")
  )

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

const jobs = HttpApiGroup.make("jobs")
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
        limit: Schema.optionalKey(limit)
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
      query: { limit: Schema.optionalKey(limit) },
      success: Schema.Struct({ items: Schema.Array(RunView) }),
      error: ofJob
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The runs of a job that did not complete, the newest first")
  )
  .add(
    HttpApiEndpoint.get("logs", "/job/:id/logs", {
      params,
      query: {
        limit: Schema.optionalKey(limit),
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

const queues = HttpApiGroup.make("queues")
  .add(
    HttpApiEndpoint.get("pauses", "/pauses", {
      success: Schema.Struct({ items: Schema.Array(PauseView) }),
      error: ofDatabase
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "The pauses that last")
  )
  .add(
    HttpApiEndpoint.get("why", "/queue/why", {
      query: { queue: Schema.String },
      success: WhyView,
      error: ofDatabase
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "Why nothing of a queue starts")
  )
  .add(
    HttpApiEndpoint.patch("pause", "/queue", {
      query: { queue: Schema.optionalKey(Schema.String), name: Schema.optionalKey(Schema.String) },
      payload: Schema.Struct({
        paused: Schema.Boolean,
        reason: Schema.optionalKey(Schema.String),
        until: Schema.optionalKey(Time),
        forSeconds: Schema.optionalKey(Seconds),
        cancelRunning: Schema.optionalKey(Schema.Boolean)
      }),
      success: Schema.Struct({
        answer: Schema.Literals(["paused", "already paused", "resumed", "not paused"])
      }),
      error: ofDatabase
    }).annotate(Needs, "pause")
      .annotate(OpenApi.Summary, "Pauses or resumes a queue, or the jobs of a name")
  )

/** The gate asks for one of these, as the server is set up. */
const schemes = {
  bearer: { type: "http", scheme: "bearer" },
  basic: { type: "http", scheme: "basic" },
  session: { type: "apiKey", in: "cookie", name: "pgq_session" }
}

const withSchemes = (spec: Record<string, unknown>) => ({
  ...spec,
  components: { ...Object(spec["components"]), securitySchemes: schemes },
  paths: Record.map(Object(spec["paths"]), (path) =>
    Record.map(Object(path), (operation) => ({
      ...Object(operation),
      security: Object.keys(schemes).map((name) => ({ [name]: [] }))
    })))
})

const looks = HttpApiGroup.make("looks")
  .add(
    HttpApiEndpoint.get("overview", "/overview", {
      success: Look,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(
        OpenApi.Summary,
        "A look at everything: the problems, and what the verdict rests on"
      )
  )
  .add(
    HttpApiEndpoint.get("queues", "/queues", {
      success: Schema.Struct({ items: Schema.Array(Overview.QueueOverview) }),
      error: ofDatabase
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "The queues, at most 100 of them")
  )
  .add(
    HttpApiEndpoint.get("queue", "/queue", {
      query: { queue: Schema.String },
      success: Overview.QueueOverview,
      error: ofDatabase
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "A queue, whether it has jobs or not")
  )
  .add(
    HttpApiEndpoint.get("workers", "/workers", {
      success: Schema.Struct({ items: Schema.Array(Overview.WorkerOverview) }),
      error: ofDatabase
    }).annotate(Needs, "read").annotate(OpenApi.Summary, "The workers, oldest first")
  )
  .add(
    HttpApiEndpoint.get("lanes", "/lanes", {
      query: { by: Schema.Literals(["blocked", "retrying"]) },
      success: Schema.Struct({ items: Schema.Array(Overview.LaneOverview) }),
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "Lanes that wait with their head, at most 100 of them")
  )
  .add(
    HttpApiEndpoint.get("database", "/database", {
      success: Overview.DatabaseOverview,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The database, as far as it matters to the schema")
  )
  .add(
    HttpApiEndpoint.get("failures", "/failures", {
      query: { queue: Schema.optionalKey(Schema.String), since: Schema.optionalKey(Time) },
      success: FailureGroups,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "Failures in groups of one name and one kind of error")
  )
  .add(
    HttpApiEndpoint.get("live", "/live", { success: LiveEvents, error: Busy })
      .annotate(Needs, "read")
      .annotate(OpenApi.Summary, "The overview, every two seconds, as server-sent events")
  )

const charts = HttpApiGroup.make("charts")
  .add(
    HttpApiEndpoint.get("series", "/series", {
      query: {
        of: Schema.Literals(["finished", "wait", "run", "depth", "latency"]),
        queue: Schema.optionalKey(Schema.String),
        name: Schema.optionalKey(Schema.String),
        by: Schema.optionalKey(Schema.Literals(["queue", "name"])),
        from: Time,
        to: Time,
        step: Schema.NumberFromString.check(
          Schema.isInt(),
          Schema.isBetween({ minimum: 60, maximum: 31_536_000 })
        )
      },
      success: Views.SeriesView,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(
        OpenApi.Summary,
        "Figures over time, at most 1,000 points, with a step of so many seconds"
      )
  )

/** All endpoints, below the prefix of the mount. */
export const Api = HttpApi.make("pgq")
  .add(session, looks, charts, jobs, queues, OperationsApi.group)
  .middleware(Inputs.Inputs)
  .middleware(Gate)
  .prefix("/api/v1")
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all" })
  .annotate(HttpApi.HeadersParseOptions, {})
  .annotate(OpenApi.Title, "pgq")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Transform, withSchemes)
