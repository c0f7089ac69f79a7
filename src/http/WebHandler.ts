/**
 * A part of an HTTP server as a function of a `Request` to a `Response`.
 */
import { Layer } from "effect"
import { HttpRouter } from "effect/http"
import type { Services } from "./MountOptions.ts"

/** Handles requests until it is disposed of. */
export interface WebHandler {
  readonly handler: (request: Request) => Promise<Response>
  /** Closes the services. */
  readonly dispose: () => Promise<void>
}

export const of = <E>(
  mount: Layer.Layer<never, never, HttpRouter.HttpRouter | Services>,
  services: Layer.Layer<Services, E>
): WebHandler => {
  const { dispose, handler } = HttpRouter.toWebHandler(Layer.provide(mount, services), {
    disableLogger: true
  })
  return { dispose, handler: (request) => handler(request) }
}
