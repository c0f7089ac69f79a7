/**
 * Tags of answers, so that a client that asks again is not sent what it has.
 */
import { Effect } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { createHash } from "node:crypto"

/**
 * Adds the tag of the answer, or answers 304 to those who have it. `like` takes out what says
 * nothing new by itself, such as the time of a look: the tag is weak for that.
 */
export const tagged = <A, E, R>(
  found: Effect.Effect<A, E, R>,
  like: (value: A) => unknown = (value) => value
) =>
  Effect.gen(function*() {
    const value = yield* found
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const etag = `W/"${hashOf(JSON.stringify(like(value)))}"`
    if (headers["if-none-match"] === etag) {
      return HttpServerResponse.empty({ status: 304, headers: { etag } })
    }
    yield* HttpEffect.appendPreResponseHandler((_, response) =>
      Effect.succeed(HttpServerResponse.setHeader(response, "etag", etag))
    )
    return value
  })

const hashOf = (text: string): string =>
  createHash("sha256").update(text).digest("base64url").slice(0, 22)
