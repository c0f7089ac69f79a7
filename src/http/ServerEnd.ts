/**
 * Notices that the server of a request stops. A server that stops waits for the answers that it has
 * begun, and tells nobody, so an answer without end has to look.
 */
import { Effect, Predicate } from "effect"
import type { HttpServerRequest } from "effect/http"

const interval = "250 millis"

/** Succeeds when the Node server of the request has stopped to listen. Others close their scope. */
export const of = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void> => {
  const server = serverOf(request.source)
  return server === undefined ? Effect.never : Effect.asVoid(
    Effect.sync(() => server.listening).pipe(
      Effect.delay(interval),
      Effect.repeat({ while: (isListening) => isListening === true })
    )
  )
}

const serverOf = (source: unknown): { readonly listening: unknown } | undefined =>
  Predicate.hasProperty(source, "socket") && Predicate.hasProperty(source.socket, "server") &&
    Predicate.hasProperty(source.socket.server, "listening")
    ? source.socket.server
    : undefined
