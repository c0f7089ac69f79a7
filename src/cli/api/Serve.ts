/**
 * Serves routes by HTTP on an address.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer } from "node:http"
import { SettingInvalid } from "../../domain/Errors.ts"
import * as Listen from "./Listen.ts"

/** Answers the address, once the server listens. */
export const serve = Effect.fnUntraced(function*(
  routes: Layer.Layer<never, never, HttpRouter.HttpRouter>,
  listen: Listen.Listen
) {
  const server = yield* Layer.build(
    HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provideMerge(
        NodeHttpServer.layer(() => createServer(), {
          ...listen,
          gracefulShutdownTimeout: "5 seconds"
        })
      )
    )
  ).pipe(
    Effect.catchTag("ServeError", ({ cause }) =>
      Effect.fail(
        new SettingInvalid({
          setting: "--listen",
          issue: cause instanceof Error ? cause.message : String(cause)
        })
      ))
  )
  const { address } = Context.get(server, HttpServer.HttpServer)
  return "port" in address && "host" in listen
    ? `http://${Listen.nameOf(listen.host)}:${address.port}`
    : "path" in listen
    ? `unix:${listen.path}`
    : ""
})
