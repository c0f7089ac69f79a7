/**
 * Mounts the HTTP API in a router, with the ways to show who one is that pgq's own server has.
 */
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer, HttpServerRequest, type HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { IpNetwork } from "effect/net"
import * as WebOrigin from "../domain/WebOrigin.ts"
import { Insight } from "../services/Insight.ts"
import { JobAdmin } from "../services/JobAdmin.ts"
import { JobControl } from "../services/JobControl.ts"
import { JobRepo } from "../services/JobRepo.ts"
import { Objectives } from "../services/Objectives.ts"
import { Operations } from "../services/Operations.ts"
import { PauseControl } from "../services/PauseControl.ts"
import { Series } from "../services/Series.ts"
import { Api } from "./Api.ts"
import * as ChartsLive from "./ChartsLive.ts"
import * as Gate from "./Gate.ts"
import * as Guard from "./Guard.ts"
import * as Inputs from "./Inputs.ts"
import * as JobsLive from "./JobsLive.ts"
import * as LooksLive from "./LooksLive.ts"
import * as MetricsPage from "./MetricsPage.ts"
import type * as MountOptions from "./MountOptions.ts"
import * as OperationsLive from "./OperationsLive.ts"
import type { Page } from "./Page.ts"
import * as QueuesLive from "./QueuesLive.ts"
import * as SessionLive from "./SessionLive.ts"
import type { Sessions } from "./Sessions.ts"
import * as Shown from "./Shown.ts"
import * as WorkersLive from "./WorkersLive.ts"

/**
 * Adds the API to a router. The router's own routes see no request below the prefix, also none
 * that leads nowhere.
 */
export const layer = (
  options: Options
): Layer.Layer<never, never, HttpRouter.HttpRouter | MountOptions.Services> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const router = yield* HttpRouter.HttpRouter
    const prefix = options.prefix?.replace(/\/+$/, "") ?? ""
    const { app } = yield* inner(options)
    const guarded = Guard.protect(app, {
      ...options,
      frameAncestors: options.frameAncestors?.filter(WebOrigin.is),
      hosts: new Set((options.hosts ?? Guard.loopback).map((host) => host.toLowerCase()))
    })
    yield* router.addGlobalMiddleware((others) =>
      HttpServerRequest.HttpServerRequest.use((request) => {
        const url = below(prefix, request.url)
        return url === undefined
          ? others
          : Effect.provideService(
            guarded,
            HttpServerRequest.HttpServerRequest,
            request.modify({ url })
          )
      })
    )
  }))

/** The rest of a path below the prefix; `undefined` for other paths. */
const below = (prefix: string, url: string): string | undefined => {
  const rest = url.slice(prefix.length)
  return url.startsWith(prefix) && /^(?:$|[/?#])/.test(rest)
    ? rest.startsWith("/") ? rest : `/${rest}`
    : undefined
}

export interface Options extends Omit<MountOptions.Options, "access"> {
  /** Takes the place of `access`. */
  readonly check: Gate.Check
  readonly sessions: Sessions | undefined
  /** The scheme that a client without credentials is asked for. */
  readonly challenge: string
  readonly trusted?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /** The text of the page `/metrics`. Without it, there is no such page. */
  readonly metrics?: Effect.Effect<string> | undefined
  /** Answers browsers. Without it, there is the API alone. */
  readonly page?: Page | undefined
}

/** The layers are built anew for each mount, although an application's layers are shared. */
const inner = Effect.fnUntraced(function*(options: Options) {
  const router = yield* HttpRouter.make
  const services = Context.pick(
    Insight,
    JobAdmin,
    JobControl,
    JobRepo,
    Objectives,
    Operations,
    PauseControl,
    Series
  )(
    yield* Effect.context<MountOptions.Services>()
  )
  const check = bounded(options)
  const groups = Layer.mergeAll(
    ChartsLive.layer,
    JobsLive.layer,
    LooksLive.layer(check),
    OperationsLive.layer,
    QueuesLive.layer,
    SessionLive.layer({
      path: options.prefix ?? "/",
      schema: options.schema ?? "pgq",
      sessions: options.sessions
    }),
    WorkersLive.layer
  )
  const endpoints = HttpApiBuilder.layer(Api, { openapiPath: "/api/v1/openapi.json" }).pipe(
    Layer.provide(groups),
    Layer.provide([Gate.layer(check), Inputs.layer, HttpServer.layerServices]),
    Layer.provide(Shown.layer(options.redact)),
    Layer.provide(Layer.succeedContext(services)),
    Layer.provide(Layer.succeed(HttpRouter.HttpRouter, router))
  )
  yield* Layer.buildWithMemoMap(endpoints, Layer.makeMemoMapUnsafe(), yield* Effect.scope)
  const { metrics, page } = options
  const api = router.asHttpEffect()
  const app = page === undefined ? api : withPage(page, api)
  return { app: metrics === undefined ? app : MetricsPage.before(app, { check, metrics }) }
})

/** The page needs no right: it shows nothing but the answers of the API. */
const withPage = <E, R>(
  page: Page,
  api: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) =>
  HttpServerRequest.HttpServerRequest.use(({ headers, method, url }) => {
    const path = url.split("?", 1)[0] ?? ""
    const answer = method === "GET" || method === "HEAD" ? page(path, headers) : undefined
    return answer === undefined ? api : Effect.succeed(answer)
  })

/** The rights that the options leave to each sender. */
const bounded = ({ check, hidePayloads = false, readOnly = false }: Options): Gate.Check => {
  const left = new Set(
    Gate.rights.filter((right) =>
      !(hidePayloads && right === "payloads") && !(readOnly && Gate.isChange(right))
    )
  )
  return (request) => Effect.map(check(request), (found) => Gate.within(found, left))
}
