/**
 * The HTTP API as a function of a `Request` to a `Response`, as Next, Hono and Express can call it.
 */
// #region handler
import { PgClient } from "@effect/sql-pg"
import { Config, Effect, Layer } from "effect"
import { QueueLive } from "pgq"
import { Access, AdminApi } from "pgq/http"

const Database = PgClient.layerConfig({ url: Config.Redacted("PGQ_URL") })

const { dispose, handler } = AdminApi.toWebHandler(
  {
    prefix: "/admin/pgq",
    hosts: ["shop.example"],
    access: () => Effect.succeed(Access.readOnly("staff"))
  },
  Layer.provide(QueueLive.client(), Database)
)
// #endregion

const response = await handler(new Request("https://shop.example/admin/pgq/api/v1/session"))
process.stdout.write(`${response.status} ${await response.text()}\n`)
const elsewhere = await handler(new Request("https://evil.example/admin/pgq/api/v1/session"))
process.stdout.write(`${elsewhere.status}\n`)
await dispose()
