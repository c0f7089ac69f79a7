/**
 * The guard before all paths of the API, those included that lead nowhere: it turns away requests
 * that are meant for another host, and changes that another site may have sent, and sets the
 * headers of every answer.
 */
import { ByteSize, Cause, Effect, Option, Result } from "effect"
import {
  HttpIncomingMessage,
  HttpMiddleware,
  HttpServerError,
  HttpServerRequest,
  HttpServerRespondable,
  HttpServerResponse
} from "effect/http"
import { type IpNetwork, NetAddress } from "effect/net"
import * as EventLog from "../layers/effects/EventLog.ts"
import * as Credentials from "./Credentials.ts"
import { BadHost, BadRequest, Denied, Failed, NotFound, TooLarge } from "./Problems.ts"

export interface Options {
  /** The names by which clients may call the server, without a port. */
  readonly hosts: ReadonlySet<string>
  /**
   * Whether they may also call it by any address: no name of another site leads to the server then.
   * Defaults to false.
   */
  readonly allowsAddresses?: boolean | undefined
  /** The proxies whose headers `x-forwarded-*` are believed. */
  readonly trusted?: ReadonlyArray<IpNetwork.IpNetwork> | undefined
  /** The scheme that a client without credentials is asked for. */
  readonly challenge: string
  /** The origins whose pages may show those of the server in a frame. */
  readonly frameAncestors?: ReadonlyArray<string> | undefined
}

/** The names of this machine for itself. */
export const loopback: ReadonlyArray<string> = ["localhost", "127.0.0.1", "[::1]"]

/** The largest body: a thousand jobs, or one with the largest payload. */
const bodyMax = ByteSize.mebibytes(16)

/** Every request under a prefix goes through here. The answer never fails. */
export const protect = <E, R>(
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>,
  options: Options
) =>
  HttpServerRequest.HttpServerRequest.pipe(
    Effect.flatMap((request) => {
      const refusal = refusalOf(request, options)
      return refusal === undefined
        ? Effect.provideService(app, HttpIncomingMessage.MaxBodySize, bodyMax)
        : HttpServerRespondable.toResponse(refusal)
    }),
    Effect.catchCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.failCause(cause) : answerOf(cause)
    ),
    Effect.orDie,
    Effect.map((response) =>
      HttpServerResponse.setHeaders(response, {
        ...headers,
        "content-security-policy": policyOf(options.frameAncestors ?? []),
        // Only the files of the page may be kept by a browser.
        "cache-control": response.headers["cache-control"] ?? headers["cache-control"],
        ...extra[response.status],
        ...(response.status === 401 ? { "www-authenticate": options.challenge } : {})
      })
    ),
    HttpMiddleware.xForwardedHeaders({ trustedProxies: options.trusted ?? [] })
  )

type Request = HttpServerRequest.HttpServerRequest

const refusalOf = (request: Request, { allowsAddresses = false, hosts }: Options) => {
  const { origin } = request.headers
  const host = nameOf(hostOf(request))
  if (!hosts.has(host) && !(allowsAddresses && isAddress(host))) {
    return new BadHost({ detail: "the name of the host is not among those of the server" })
  }
  if (origin !== undefined && !hosts.has(nameOf(origin.replace(/^https?:\/\//, "")))) {
    return new BadHost({ detail: "the request comes from a page of another host" })
  }
  if (request.method === "GET" || request.method === "HEAD") return undefined
  const length = Number(request.headers["content-length"] ?? 0)
  if (length > ByteSize.toNumberUnsafe(bodyMax)) return new TooLarge()
  const issue = crossSiteIssue(request)
  return issue === undefined ? undefined : new Denied({ detail: issue })
}

/** A request of the Fetch API may have its host in its URL alone. */
const hostOf = ({ headers, originalUrl }: Request): string =>
  headers["host"] ?? /^https?:\/\/([^/?#]+)/.exec(originalUrl)?.[1] ?? ""

const isAddress = (host: string): boolean =>
  Result.isSuccess(NetAddress.ipFromString(host.replace(/^\[(.*)\]$/, "$1")))

/** The host without its port, in lower case. */
const nameOf = (host: string): string => host.toLowerCase().replace(/:\d+$/, "")

/**
 * A page of another site can send no header of its own choice, and no JSON, without a question
 * that is never answered with yes. Nor does it have a token for the header `authorization`.
 */
const crossSiteIssue = (request: Request): string | undefined => {
  const { headers } = request
  const type = headers["content-type"] ?? ""
  return headers["x-pgq"] !== "1"
    ? "a change needs the header x-pgq: 1"
    : request.method !== "DELETE" && !/^application\/json *(;|$)/i.test(type)
    ? "a change needs the content-type application/json"
    : Credentials.credentialOf(request, "bearer") === undefined && !isOfThisSite(request)
    ? "a change must come from a page of this server, or with a bearer token"
    : undefined
}

/** A browser says where a request comes from; a program that says nothing sends no cookie. */
const isOfThisSite = (request: Request): boolean => {
  const { cookie, origin, "sec-fetch-site": site } = request.headers
  return site !== undefined
    ? site === "same-origin"
    : origin !== undefined
    ? origin.replace(/^https?:\/\//, "") === hostOf(request)
    : cookie === undefined
}

const answerOf = (cause: Cause.Cause<unknown>) => {
  const error = Cause.squash(cause)
  if (HttpServerError.isHttpServerError(error)) {
    switch (error.reason._tag) {
      case "RouteNotFound":
        return HttpServerRespondable.toResponse(new NotFound())
      case "RequestParseError":
        return HttpServerRespondable.toResponse(
          new BadRequest({ detail: "the body of the request cannot be read" })
        )
    }
  }
  return Effect.andThen(
    EventLog.error("api.failed", { text: "a request failed", cause }),
    HttpServerRespondable.toResponse(new Failed({ detail: "the log of the server says why" }))
  )
}

const policyOf = (frameAncestors: ReadonlyArray<string>): string =>
  [
    ...policy,
    `frame-ancestors ${frameAncestors.length === 0 ? "'none'" : frameAncestors.join(" ")}`
  ].join("; ")

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'self'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
]

/** The headers of every answer. */
export const headers = {
  "content-security-policy": policyOf([]),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-robots-tag": "noindex, nofollow",
  "cache-control": "no-store"
} as const

const extra: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  429: { "retry-after": "60" },
  503: { "retry-after": "5" }
}

/** Whether the client has reached the server by TLS. */
export const isSecure = (request: Request): boolean =>
  Option.exists(HttpServerRequest.toURL(request), ({ protocol }) => protocol === "https:")
