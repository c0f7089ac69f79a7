/**
 * The gate before each endpoint: it lets those through who have the right that the endpoint needs.
 */
import { Context, Effect, Layer } from "effect"
import { HttpServerRequest } from "effect/http"
import { HttpApiMiddleware } from "effect/http-api"
import * as EventLog from "../layers/effects/EventLog.ts"
import { type Access, full, readOnly, type Right } from "./Access.ts"
import { Denied, TooManyTries, Unauthenticated } from "./Problems.ts"

/** Finds out who sends a request, unless too many wrong credentials came from there. */
export type Check = (
  request: HttpServerRequest.HttpServerRequest
) => Effect.Effect<Access, TooManyTries | Unauthenticated>

/** The same, with no rights but these. */
export const within = ({ actor, rights }: Access, bounds: ReadonlySet<Right>): Access => ({
  actor,
  rights: new Set(Array.from(rights).filter((right) => bounds.has(right)))
})

/** The sender of the request at hand. */
export class Actor extends Context.Service<Actor, Access>()("pgq/http/Actor") {}

/** The right that an endpoint needs. An endpoint that names none is closed to everybody. */
export const Needs: Context.Reference<Right | undefined> = Context.Reference<Right | undefined>(
  "pgq/http/Needs",
  { defaultValue: () => undefined }
)

/** Refuses each request whose sender has not the right that the endpoint needs. */
export class Gate extends HttpApiMiddleware.Service<Gate, { provides: Actor }>()("pgq/http/Gate", {
  error: [Unauthenticated, Denied, TooManyTries]
}) {}

export const layer = (check: Check): Layer.Layer<Gate> =>
  Layer.succeed(Gate, (answer, { endpoint, group }) =>
    Effect.gen(function*() {
      const request = yield* HttpServerRequest.HttpServerRequest
      const access = yield* check(request)
      const right = Context.get(endpoint.annotations, Needs)
      if (right === undefined || !access.rights.has(right)) {
        const wanted = right ?? "none"
        return yield* new Denied({ right: wanted, detail: `it needs the right "${wanted}"` })
      }
      const response = yield* Effect.provideService(answer, Actor, access)
      if (isChange(right) && response.status < 300) {
        yield* EventLog.info("api.changed", {
          text: `${access.actor}: ${group.identifier}.${endpoint.identifier}`,
          fields: { actor: access.actor, path: request.url.split("?", 1)[0] }
        })
      }
      return response
    }))

/** Whether the right allows to change something. */
export const isChange = (right: Right): boolean => !readOnly("").rights.has(right)

/** All rights, in the order of the documentation. */
export const rights: ReadonlyArray<Right> = Array.from(full("").rights)
