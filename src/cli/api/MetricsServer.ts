/**
 * The server of `pgq metrics`: one page, with connections of its own to the database that only
 * read.
 */
import { Console, Context, Effect, Layer, Option, Redacted } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as Guard from "../../http/Guard.ts"
import { contentType } from "../../http/MetricsPage.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import * as QueueMetrics from "../../observe/QueueMetrics.ts"
import * as Database from "../Database.ts"
import * as ApiClient from "./ApiClient.ts"
import * as Listen from "./Listen.ts"
import type { Input } from "./MetricsInput.ts"
import { serve } from "./Serve.ts"

/** Serves until a signal comes. `connection` is the connection string of the input. */
export const run = Effect.fnUntraced(
  function*(given: Input, connection: string | undefined) {
    const input = {
      ...given,
      connection: Option.map(Option.fromUndefinedOr(connection), (text) => Redacted.make(text))
    }
    const listen = yield* Effect.fromResult(Listen.parse(input.listen))
    const database = yield* Layer.build(Database.layer(input))
    const { schema } = Context.get(database, Database.Database)
    yield* Effect.provide(Database.ready, database)

    const client = ApiClient.of({ name: "pgq metrics", readOnly: true })
    const routes = layer(listen, input.host).pipe(
      Layer.provide(QueueLive.client({ schema, notify: "poll" })),
      Layer.provide(Layer.unwrap(Effect.provide(client, database)))
    )
    const address = yield* serve(routes, listen)
    yield* Console.log(address.startsWith("unix:") ? address : `${address}/metrics`)
    return yield* Effect.never
  },
  Effect.scoped
)

const layer = (listen: Listen.Listen, hosts: ReadonlyArray<string>) => {
  const names = [
    ...Guard.loopback,
    ...("host" in listen ? [Listen.nameOf(listen.host)] : []),
    ...hosts
  ]
  const options = {
    hosts: new Set(names.map((name) => name.toLowerCase())),
    allowsAddresses: true,
    challenge: "Bearer"
  }
  return Layer.effectDiscard(Effect.gen(function*() {
    const router = yield* HttpRouter.HttpRouter
    yield* router.add("*", "/*", Guard.protect(answer(yield* QueueMetrics.prometheus), options))
  }))
}

/** People who ask for another page are told the path. */
const answer = (metrics: Effect.Effect<string>) =>
  HttpServerRequest.HttpServerRequest.use(({ method, url }) => {
    const isAsked = url.split("?", 1)[0] === "/metrics" && (method === "GET" || method === "HEAD")
    return isAsked
      ? Effect.map(metrics, (text) => HttpServerResponse.text(text, { contentType }))
      : Effect.succeed(HttpServerResponse.text("/metrics\n", { status: 404 }))
  })
