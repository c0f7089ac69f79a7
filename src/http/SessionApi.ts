/**
 * The contract of the endpoints of sessions.
 */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { Needs, rights } from "./Gate.ts"
import { NotFound } from "./Problems.ts"

export const group = HttpApiGroup.make("session")
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
