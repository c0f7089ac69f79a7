/**
 * The contract of the endpoint that asks workers to stop.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, OpenApi } from "effect/http-api"
import { stopModes } from "../domain/StopMode.ts"
import { Needs } from "./Gate.ts"
import { NotFound, ofDatabase } from "./Problems.ts"

export const group = HttpApiGroup.make("workers")
  .add(
    HttpApiEndpoint.post("stop", "/worker/:id/stop", {
      params: { id: Schema.String },
      payload: Schema.Struct({ mode: Schema.Literals(stopModes) }),
      success: Schema.Struct({ answer: Schema.Literals(["asked", "already asked"]) }),
      error: [...ofDatabase, NotFound]
    }).annotate(Needs, "workers")
      .annotate(OpenApi.Summary, "Asks a worker to stop, by its next renewal")
  )
