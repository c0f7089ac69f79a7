/**
 * The ways in which somebody shows the HTTP API who they are.
 */
import { Clock, Effect, Option, Redacted, Result } from "effect"
import { Base64 } from "effect/encoding"
import type { HttpServerRequest } from "effect/http"
import { IpNetwork, NetAddress } from "effect/net"
import { createHash, timingSafeEqual } from "node:crypto"
import { type Access, full, readOnly } from "./Access.ts"
import type * as Gate from "./Gate.ts"
import { TooManyTries, Unauthenticated } from "./Problems.ts"
import * as Sessions from "./Sessions.ts"
import * as Throttle from "./Throttle.ts"

/** A way to show who one is. */
export type Auth =
  /** The token is a secret. A token of `reading` allows to see everything, and no more. */
  | {
    readonly kind: "bearer"
    readonly token?: Redacted.Redacted | undefined
    readonly reading?: Redacted.Redacted | undefined
  }
  | { readonly kind: "basic"; readonly user: string; readonly password: Redacted.Redacted }
  /** A trusted proxy names the sender in a header. */
  | {
    readonly kind: "proxy"
    readonly header: string
    readonly trusted: ReadonlyArray<IpNetwork.IpNetwork>
  }
  | { readonly kind: "none" }

/** Finds out who sends a request; `sessions` where a browser may have one. */
export interface Credentials {
  readonly check: Gate.Check
  readonly sessions: Sessions.Sessions | undefined
}

export const of = (auth: Auth): Credentials => {
  switch (auth.kind) {
    case "bearer": {
      const sessions = Sessions.make()
      return { sessions, check: orSession(sessions, throttled(byToken(auth))) }
    }
    case "basic":
      return { sessions: undefined, check: throttled(byPassword(auth)) }
    case "proxy":
      return { sessions: undefined, check: (request) => orRefuse(byProxy(auth, request)) }
    case "none":
      return { sessions: undefined, check: () => Effect.succeed(full("anonymous")) }
  }
}

type Request = HttpServerRequest.HttpServerRequest

/** `undefined` for wrong credentials. */
type Known = (credential: string) => Access | undefined

interface Scheme {
  /** As in the header `authorization`. */
  readonly name: string
  readonly known: Known
}

const byToken = (auth: Extract<Auth, { readonly kind: "bearer" }>): Scheme => ({
  name: "Bearer",
  known: (token) =>
    isSecret(token, auth.token)
      ? full("token")
      : isSecret(token, auth.reading)
      ? readOnly("reading token")
      : undefined
})

const byPassword = (auth: Extract<Auth, { readonly kind: "basic" }>): Scheme => ({
  name: "Basic",
  known: (credential) => {
    const text = Result.getOrElse(Base64.decodeString(credential), () => "")
    const end = text.indexOf(":")
    const isUser = isSecret(text.slice(0, Math.max(end, 0)), Redacted.make(auth.user))
    const isPassword = isSecret(text.slice(end + 1), auth.password)
    return isUser && isPassword ? full(auth.user) : undefined
  }
})

const byProxy = (
  { header, trusted }: Extract<Auth, { readonly kind: "proxy" }>,
  request: Request
): Access | undefined => {
  const user = request.headers[header.toLowerCase()]
  return user !== undefined && user !== "" && isFrom(trusted, request) ? full(user) : undefined
}

/** Whether the connection comes from one of these networks. */
export const isFrom = (
  networks: ReadonlyArray<IpNetwork.IpNetwork>,
  { peerAddress }: Pick<Request, "peerAddress">
): boolean => {
  const text = Option.getOrElse(peerAddress, () => "").replace(/^::ffff:(?=\d+\.)/, "")
  const address = Result.getOrUndefined(NetAddress.ipFromString(text))
  return address !== undefined && networks.some((one) => IpNetwork.contains(one, address))
}

/** Hashes of one length take the same time to compare, wherever the texts differ. */
const isSecret = (given: string, secret: Redacted.Redacted | undefined): boolean =>
  secret !== undefined && timingSafeEqual(hashOf(given), hashOf(Redacted.value(secret)))

const hashOf = (text: string) => createHash("sha256").update(text).digest()

/** A request without credentials is no guess. */
const throttled = ({ known, name }: Scheme): Gate.Check => {
  const throttle = Throttle.make()
  return Effect.fnUntraced(function*(request: Request) {
    const credential = credentialOf(request, name)
    if (credential === undefined) return yield* new Unauthenticated()
    const now = yield* Clock.currentTimeMillis
    const peer = Option.getOrElse(request.remoteAddress, () => "")
    if (throttle.isClosed(peer, now)) {
      return yield* new TooManyTries({ detail: "try again in a minute" })
    }
    const access = known(credential)
    if (access === undefined) throttle.failed(peer, now)
    return yield* orRefuse(access)
  })
}

/** The session of a browser goes first: it cannot be guessed, so others cannot lock it out. */
const orSession = (sessions: Sessions.Sessions, check: Gate.Check): Gate.Check =>
  Effect.fnUntraced(function*(request: Request) {
    const cookie = request.cookies[Sessions.cookieName]
    const now = yield* Clock.currentTimeMillis
    const access = cookie === undefined ? undefined : sessions.open(cookie, now)
    return access ?? (yield* check(request))
  })

const orRefuse = (access: Access | undefined): Effect.Effect<Access, Unauthenticated> =>
  access === undefined ? Effect.fail(new Unauthenticated()) : Effect.succeed(access)

/** The credential of a scheme in the header `authorization`. */
export const credentialOf = ({ headers }: Pick<Request, "headers">, scheme: string) => {
  const [name, credential] = /^(\S+) +(.+)$/.exec(headers["authorization"] ?? "")?.slice(1) ?? []
  return name?.toLowerCase() === scheme.toLowerCase() ? credential : undefined
}
