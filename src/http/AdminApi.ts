/**
 * The HTTP API for operators, as a part of an application's own server.
 */
import type { Layer } from "effect"
import type { HttpRouter } from "effect/http"
import * as Mount from "./Mount.ts"
import type { Options, Services } from "./MountOptions.ts"
import * as WebHandler from "./WebHandler.ts"

export type { Options, Services } from "./MountOptions.ts"

/**
 * Adds the API to the application's `HttpRouter`, below `prefix`. Every path below it is guarded:
 * a request for another host is answered with 421, a change that another site may have sent with
 * 403, and every answer has headers that keep pages of other sites out. The application's other
 * routes are as before. Several APIs may be mounted, each with a prefix and services of its own.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { HttpRouter, HttpServerResponse } from "effect/http"
 * import { QueueLive } from "pgq"
 * import { Access, AdminApi, Unauthenticated } from "pgq/http"
 *
 * const Routes = Layer.mergeAll(
 *   AdminApi.layer({
 *     prefix: "/admin/pgq",
 *     hosts: ["shop.example"],
 *     access: ({ headers }) =>
 *       headers["x-user"] === "ada"
 *         ? Effect.succeed(Access.full("ada"))
 *         : Effect.fail(new Unauthenticated())
 *   }).pipe(Layer.provide(QueueLive.client())),
 *   HttpRouter.add("GET", "/", Effect.succeed(HttpServerResponse.text("the shop")))
 * )
 * ```
 */
export const layer = (
  options: Options
): Layer.Layer<never, never, HttpRouter.HttpRouter | Services> =>
  Mount.layer({ ...options, check: options.access, sessions: undefined, challenge: "Bearer" })

/**
 * The API as a function of a `Request` to a `Response`, for frameworks that have one: Next, Hono,
 * Express. `services` is built with the first request; `dispose` closes it.
 *
 * @example
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Effect, Layer, Redacted } from "effect"
 * import { QueueLive } from "pgq"
 * import { Access, AdminApi } from "pgq/http"
 *
 * const Client = PgClient.layer({ url: Redacted.make("postgres://localhost/shop") })
 *
 * export const { dispose, handler } = AdminApi.toWebHandler(
 *   { prefix: "/admin/pgq", access: () => Effect.succeed(Access.readOnly("staff")) },
 *   Layer.provide(QueueLive.client(), Client)
 * )
 * ```
 */
export const toWebHandler = <E>(
  options: Options,
  services: Layer.Layer<Services, E>
): WebHandler.WebHandler => WebHandler.of(layer(options), services)
