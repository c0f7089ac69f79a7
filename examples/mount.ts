/**
 * The HTTP API in the server of an Effect application, beside its own routes.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { PgClient } from "@effect/sql-pg"
import { Config, Context, Logger } from "effect"
import { HttpServer } from "effect/http"
import { createServer } from "node:http"
// #region mount
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import { QueueLive } from "pgq"
import { Access, AdminApi, Unauthenticated } from "pgq/http"

const Routes = Layer.mergeAll(
  HttpRouter.add("GET", "/", Effect.succeed(HttpServerResponse.text("the shop"))),
  AdminApi.layer({
    prefix: "/admin/pgq",
    hosts: ["localhost", "shop.example"],
    access: ({ headers }) =>
      headers["x-staff"] === "ada"
        ? Effect.succeed(Access.full("ada"))
        : Effect.fail(new Unauthenticated({ detail: "log in first" }))
  }).pipe(Layer.provide(QueueLive.client()))
)
// #endregion

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

const Server = HttpRouter.serve(Routes, { disableListenLog: true, disableLogger: true }).pipe(
  Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { host: "localhost", port: 0 })),
  Layer.provide([Database, Logger.layer([])])
)

const main = Effect.gen(function*() {
  const { address } = Context.get(yield* Layer.build(Server), HttpServer.HttpServer)
  const ask = (path: string, init: RequestInit = {}) =>
    Effect.promise(async () => {
      const url = `http://localhost:${"port" in address ? address.port : 0}${path}`
      const response = await fetch(url, init)
      return `${response.status} ${await response.text()}`
    })

  yield* Effect.logInfo(yield* ask("/"))
  const stranger = yield* ask("/admin/pgq/api/v1/session")
  yield* Effect.logInfo(stranger.slice(0, 3))
  const added = yield* ask("/admin/pgq/api/v1/jobs", {
    method: "POST",
    headers: { "x-staff": "ada", "x-pgq": "1", "content-type": "application/json" },
    body: JSON.stringify({ jobs: [{ name: "greet", payload: { to: "Ada" } }] })
  })
  yield* Effect.logInfo(added)
})

main.pipe(Effect.scoped, NodeRuntime.runMain)
