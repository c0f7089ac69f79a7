/**
 * The events of `live`: what the API sends by itself to those who listen.
 */
import { Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import * as Overview from "../domain/Overview.ts"
import { Verdict } from "../domain/Verdict.ts"
import { ofDatabase } from "./Problems.ts"

/** A look at everything, and the verdict on it. */
export const Look = Schema.Struct({ verdict: Verdict, overview: Overview.Overview })

/** `bye` is the last event: the server stops, or the listener may see nothing any more. */
const Sign = Schema.Struct({
  event: Schema.Literals(["tick", "bye"]),
  data: Schema.fromJsonString(Schema.Struct({}))
})

/** The next look, or why there is none. `id` counts them. */
const Frame = Schema.Union([
  Schema.Struct({
    id: Schema.String,
    event: Schema.Literal("overview"),
    data: Schema.fromJsonString(Look)
  }),
  Schema.Struct({
    id: Schema.String,
    event: Schema.Literal("problem"),
    data: Schema.fromJsonString(Schema.Union(ofDatabase))
  })
])

export type Frame = typeof Frame.Type

/** All events. A browser passes on no event without data, so a sign has some. */
export const LiveEvents = HttpApiSchema.StreamSse({ events: Schema.Union([Frame, Sign]) })

export const sign = (event: "tick" | "bye") => ({ event, data: {} })
