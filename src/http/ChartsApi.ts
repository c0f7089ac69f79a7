/**
 * The contract of the figures over time.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { Needs } from "./Gate.ts"
import { ofDatabase } from "./Problems.ts"
import { SeriesView, Time } from "./Views.ts"

export const group = HttpApiGroup.make("charts")
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
      success: SeriesView,
      error: ofDatabase
    }).annotate(Needs, "read")
      .annotate(
        OpenApi.Summary,
        "Figures over time, at most 1,000 points, with a step of so many seconds"
      )
  )
