/**
 * The endpoints of sessions.
 */
import { Clock, Effect } from "effect"
import { HttpEffect, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { Right } from "./Access.ts"
import { Api } from "./Api.ts"
import { Actor, rights } from "./Gate.ts"
import * as Guard from "./Guard.ts"
import { NotFound } from "./Problems.ts"
import * as Sessions from "./Sessions.ts"

export const layer = ({ path, schema, sessions }: {
  /** The paths below it are sent the cookie. */
  readonly path: string
  readonly schema: string
  readonly sessions: Sessions.Sessions | undefined
}) =>
  HttpApiBuilder.group(Api, "session", (handlers) =>
    handlers
      .handle(
        "find",
        () => Actor.useSync(({ actor, rights }) => ({ actor, rights: inOrder(rights), schema }))
      )
      .handle("begin", () =>
        sessions === undefined
          ? new NotFound({ detail: "there are no sessions" })
          : begin(sessions, path))
      .handle("end", () => setCookie("", { path, maxAge: 0 })))

const inOrder = (some: ReadonlySet<Right>) => rights.filter((right) => some.has(right))

const begin = Effect.fnUntraced(function*(sessions: Sessions.Sessions, path: string) {
  const access = yield* Actor
  const now = yield* Clock.currentTimeMillis
  yield* setCookie(sessions.seal(access, now), { path, maxAge: Sessions.ageMax })
})

const setCookie = Effect.fnUntraced(function*(value: string, { maxAge, path }: {
  readonly path: string
  /** In seconds. */
  readonly maxAge: number
}) {
  const secure = Guard.isSecure(yield* HttpServerRequest.HttpServerRequest)
  yield* HttpEffect.appendPreResponseHandler((_, response) =>
    Effect.orDie(HttpServerResponse.setCookie(response, Sessions.cookieName, value, {
      httpOnly: true,
      sameSite: "strict",
      secure,
      path,
      maxAge: `${maxAge} seconds`
    }))
  )
})
