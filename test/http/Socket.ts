/**
 * The HTTP API on a port of its own, and requests to it with any header that a test wants, which
 * `fetch` would not send.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer, Logger } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { createServer, request, type Server } from "node:http"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
}

export interface Asked {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
  readonly body?: unknown
}

export type Ask = (path: string, asked?: Asked) => Effect.Effect<Answer>

/** Serves these routes until the scope closes. The headers go with every request. */
export const open = Effect.fnUntraced(function*<E, R>(
  routes: Layer.Layer<never, E, R>,
  headers: Readonly<Record<string, string>> = {}
) {
  return at(yield* serve(routes), headers)
})

/** Serves these routes until the scope closes, however long its answers last. Answers the port. */
export const serve = Effect.fnUntraced(function*<E, R>(
  routes: Layer.Layer<never, E, R>,
  node: Server = createServer()
) {
  const server = yield* Layer.build(
    HttpRouter.serve(routes, { disableListenLog: true, disableLogger: true }).pipe(
      Layer.provideMerge(
        NodeHttpServer.layer(() => node, {
          host: "127.0.0.1",
          port: 0,
          gracefulShutdownTimeout: "1 hour"
        })
      ),
      Layer.provide(Logger.layer([]))
    )
  )
  const { address } = Context.get(server, HttpServer.HttpServer)
  return "port" in address ? address.port : 0
})

/** Sends requests to a port of this machine. */
export const at =
  (port: number, headers: Readonly<Record<string, string>> = {}): Ask =>
  (path, { headers: own, ...asked } = {}) =>
    send(port, path, { ...asked, headers: { ...headers, ...own } })

/** The headers of a program that changes something. */
export const change = { "x-pgq": "1", "content-type": "application/json" }

const send = (port: number, path: string, { body, headers, method = "GET" }: Asked) =>
  Effect.callback<Answer>((resume) => {
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body)
    const given = Object.entries(headers ?? {}).filter(([, value]) => value !== undefined)
    const sent = request(
      { host: "127.0.0.1", port, path, method, agent: false, headers: Object.fromEntries(given) },
      (response) => {
        let text = ""
        // Events come without end.
        if (response.headers["content-type"]?.startsWith("text/event-stream")) response.destroy()
        response.setEncoding("utf8").on("data", (part) => text += part).on(
          "close",
          () =>
            resume(Effect.succeed({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text
            }))
        )
      }
    )
    sent.on("error", (error) => resume(Effect.die(error)))
    sent.end(text)
  })

/** The answer's body as JSON. */
export const json = ({ text }: Answer): Readonly<Record<string, unknown>> => JSON.parse(text)
