/**
 * The contract of the endpoints of queues, their pauses and their objectives.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Needs } from "./Gate.ts"
import { Seconds } from "./Numbers.ts"
import { ofDatabase } from "./Problems.ts"
import { PauseView, Time, WhyView } from "./Views.ts"

export const group = HttpApiGroup.make("queues")
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
        paused: Schema.optionalKey(Schema.Boolean),
        objectiveSeconds: Schema.optionalKey(Schema.NullOr(Seconds)),
        reason: Schema.optionalKey(Schema.String),
        until: Schema.optionalKey(Time),
        forSeconds: Schema.optionalKey(Seconds),
        cancelRunning: Schema.optionalKey(Schema.Boolean)
      }),
      success: Schema.Struct({
        answer: Schema.Literals([
          "paused",
          "already paused",
          "resumed",
          "not paused",
          "set",
          "cleared",
          "not set"
        ])
      }),
      error: ofDatabase
    }).annotate(Needs, "pause")
      .annotate(
        OpenApi.Summary,
        "Pauses or resumes a queue, or the jobs of a name; or sets how late a queue may be"
      )
  )
