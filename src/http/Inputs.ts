/**
 * Input that does not fit the contract, as a problem that says where.
 */
import { Effect, SchemaIssue } from "effect"
import { HttpApiMiddleware } from "effect/http-api"
import { BadRequest } from "./Problems.ts"

/** Refuses requests that do not fit the contract. */
export class Inputs extends HttpApiMiddleware.Service<Inputs>()("pgq/http/Inputs", {
  error: BadRequest
}) {}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** An answer that does not fit the contract is a fault of the server, and stays one. */
export const layer = HttpApiMiddleware.layerSchemaErrorTransform(
  Inputs,
  (error) =>
    error.kind === "Body" || error.kind === "ResponseHeaders"
      ? Effect.fail(error)
      : Effect.fail(
        new BadRequest({
          errors: format(error.cause.issue).issues.map(({ message, path = [] }) => ({
            path: [error.kind.toLowerCase(), ...path.map(nameOf)],
            message
          }))
        })
      )
)

const nameOf = (part: PropertyKey | { readonly key: PropertyKey }): string | number => {
  const key = typeof part === "object" ? part.key : part
  return typeof key === "number" ? key : String(key)
}
