/**
 * The dashboard, as a part of an application's own server.
 */
import type { Layer } from "effect"
import type { HttpRouter } from "effect/http"
import * as Mount from "./Mount.ts"
import type { Options, Services } from "./MountOptions.ts"
import * as Page from "./Page.ts"
import * as WebHandler from "./WebHandler.ts"

/**
 * Adds the dashboard and the HTTP API that it uses to the application's `HttpRouter`, below
 * `prefix`. The guard of `AdminApi.layer` stands before both. The page itself holds no data, so
 * `access` is asked for its requests to the API alone.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { HttpRouter } from "effect/http"
 * import { QueueLive } from "pgq"
 * import { Access, Dashboard, Unauthenticated } from "pgq/http"
 *
 * const Routes = Dashboard.layer({
 *   prefix: "/admin/pgq",
 *   hosts: ["shop.example"],
 *   access: ({ headers }) =>
 *     headers["x-user"] === "ada"
 *       ? Effect.succeed(Access.full("ada"))
 *       : Effect.fail(new Unauthenticated())
 * }).pipe(Layer.provide(QueueLive.client()))
 * ```
 */
export const layer = (
  options: Options
): Layer.Layer<never, never, HttpRouter.HttpRouter | Services> =>
  Mount.layer({
    ...options,
    check: options.access,
    sessions: undefined,
    challenge: "Bearer",
    page: Page.make(options.prefix ?? "")
  })

/**
 * The dashboard and its API as a function of a `Request` to a `Response`, for frameworks that have
 * one: Next, Hono, Express. `services` is built with the first request; `dispose` closes it.
 *
 * @example
 * ```ts
 * import { PgClient } from "@effect/sql-pg"
 * import { Effect, Layer, Redacted } from "effect"
 * import { QueueLive } from "pgq"
 * import { Access, Dashboard } from "pgq/http"
 *
 * const Client = PgClient.layer({ url: Redacted.make("postgres://localhost/shop") })
 *
 * export const { dispose, handler } = Dashboard.toWebHandler(
 *   { prefix: "/admin/pgq", access: () => Effect.succeed(Access.readOnly("staff")) },
 *   Layer.provide(QueueLive.client(), Client)
 * )
 * ```
 */
export const toWebHandler = <E>(
  options: Options,
  services: Layer.Layer<Services, E>
): WebHandler.WebHandler => WebHandler.of(layer(options), services)
