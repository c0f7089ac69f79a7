/**
 * The page of metrics of a server of the HTTP API. It needs the right to read.
 */
import { Effect } from "effect"
import { HttpServerRequest, HttpServerRespondable, HttpServerResponse } from "effect/http"
import type * as Gate from "./Gate.ts"
import { Denied } from "./Problems.ts"

/** Answers `/metrics` with the text, and leaves other paths to the rest. */
export const before = <E, R>(
  rest: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  { check, metrics }: { readonly check: Gate.Check; readonly metrics: Effect.Effect<string> }
) =>
  HttpServerRequest.HttpServerRequest.use((request) => {
    const isAsked = request.url.split("?", 1)[0] === "/metrics" &&
      (request.method === "GET" || request.method === "HEAD")
    return isAsked
      ? Effect.catch(answer(request, check, metrics), HttpServerRespondable.toResponse)
      : rest
  })

const answer = Effect.fnUntraced(function*(
  request: HttpServerRequest.HttpServerRequest,
  check: Gate.Check,
  metrics: Effect.Effect<string>
) {
  const { rights } = yield* check(request)
  return rights.has("read")
    ? HttpServerResponse.text(yield* metrics, { contentType })
    : yield* new Denied({ right: "read", detail: "it needs the right \"read\"" })
})

/** The text format of Prometheus. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8"
