/**
 * The dashboard in the process of the test, which counts its streams and may take its database
 * away.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { createServer } from "node:http"
import * as Access from "../../src/http/Access.ts"
import * as Mount from "../../src/http/Mount.ts"
import * as Page from "../../src/http/Page.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import * as Socket from "../http/Socket.ts"
import { parameters } from "../support/Postgres.ts"
import * as TcpProxy from "../support/TcpProxy.ts"

/** Serves somebody with all rights. */
export const open = Effect.suspend(() => openAs(Access.full("ada")))

/** Serves somebody with these rights. */
export const openAs = Effect.fnUntraced(function*(access: Access.Access) {
  const { dbname, host, password, port, user } = yield* parameters
  const proxy = yield* TcpProxy.make(
    host.startsWith("/")
      ? { path: `${host}/.s.PGSQL.${port}` }
      : { host, port: Number(port) }
  )
  const client = PgClient.layer({
    host: "127.0.0.1",
    port: proxy.port,
    database: dbname,
    username: user,
    password: Redacted.make(password),
    maxConnections: 2
  })
  const streams = { open: 0, begun: 0, overviews: 0 }
  const node = createServer().on("request", ({ url }, response) => {
    if (url?.startsWith("/api/v1/overview")) streams.overviews += 1
    if (!url?.startsWith("/api/v1/live")) return
    streams.open += 1
    streams.begun += 1
    response.on("close", () => streams.open -= 1)
  })
  const server = yield* Socket.serve(
    Mount.layer({
      check: () => Effect.succeed(access),
      sessions: undefined,
      challenge: "Bearer",
      page: Page.make("")
    }).pipe(Layer.provide(QueueLive.client()), Layer.provide(client)),
    node
  )
  return {
    origin: `http://127.0.0.1:${server}`,
    streams: streams as Readonly<typeof streams>,
    stopDatabase: Effect.andThen(proxy.refuse, proxy.cut),
    startDatabase: proxy.heal
  }
})
