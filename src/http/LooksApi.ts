/**
 * The contract of the looks at a schema.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { FailureGroups } from "../domain/FailureGroups.ts"
import * as LaneView from "../domain/LaneView.ts"
import * as Overview from "../domain/Overview.ts"
import { Needs } from "./Gate.ts"
import { LiveEvents, Look } from "./LiveEvents.ts"
import { Limit } from "./Numbers.ts"
import { Busy, ofDatabase } from "./Problems.ts"
import { Time } from "./Views.ts"

/** Lanes of one kind. */
export const Lanes = Schema.Struct({ items: Schema.Array(Overview.LaneOverview) })

export const group = HttpApiGroup.make("looks")
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
      query: { by: Schema.Literals(["blocked", "retrying", "longest"]) },
      success: Schema.Union([LaneView.LongestLanes, Lanes]),
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(
        OpenApi.Summary,
        "Lanes that wait with their head, at most 100 of them, or the 20 longest"
      )
  )
  .add(
    HttpApiEndpoint.get("lane", "/lane", {
      query: {
        queue: Schema.String,
        key: Schema.String,
        after: Schema.optionalKey(Schema.String),
        limit: Schema.optionalKey(Limit)
      },
      success: LaneView.LaneView,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(OpenApi.Summary, "A lane: its head, and the jobs behind it in their order")
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
