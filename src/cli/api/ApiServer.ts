/**
 * The server of `pgq api`: the HTTP API on an address of its own, with connections of its own to
 * the database.
 */
import { Console, Context, Effect, Layer, Option, Redacted } from "effect"
import { SettingInvalid } from "../../domain/Errors.ts"
import * as Credentials from "../../http/Credentials.ts"
import * as Guard from "../../http/Guard.ts"
import * as Mount from "../../http/Mount.ts"
import * as Page from "../../http/Page.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import * as QueueMetrics from "../../observe/QueueMetrics.ts"
import * as Database from "../Database.ts"
import * as ApiAuth from "./ApiAuth.ts"
import * as ApiClient from "./ApiClient.ts"
import type { Input, Served } from "./ApiInput.ts"
import * as Listen from "./Listen.ts"
import { serve } from "./Serve.ts"

/**
 * Serves until a signal comes, with `page` the dashboard too. `connection` is the connection string
 * of the input.
 */
export const run = Effect.fnUntraced(
  function*(given: Served, connection: string | undefined) {
    const input = {
      ...given,
      connection: Option.map(Option.fromUndefinedOr(connection), (text) => Redacted.make(text))
    }
    const listen = yield* Effect.fromResult(Listen.parse(input.listen))
    yield* refuseOpen(listen, input)
    const { auth, printed } = yield* ApiAuth.of(
      Option.getOrElse(input.auth, () => "token" as const),
      input
    )
    const trusted = yield* ApiAuth.networks(input.trustedProxy)
    const database = yield* Layer.build(Database.layer(input))
    const { schema } = Context.get(database, Database.Database)
    yield* Effect.provide(Database.ready, database)

    const options = {
      ...Credentials.of(auth),
      ...input,
      page: input.page ? Page.make("") : undefined,
      schema,
      trusted,
      challenge: auth.kind === "basic" ? "Basic realm=\"pgq\", charset=\"UTF-8\"" : "Bearer",
      hosts: [
        ...Guard.loopback,
        ...("host" in listen ? [Listen.nameOf(listen.host)] : []),
        ...input.host
      ]
    }
    const client = ApiClient.of({
      name: input.page ? "pgq dashboard" : "pgq api",
      readOnly: input.readOnly
    })
    const api = Layer.unwrap(
      Effect.map(QueueMetrics.prometheus, (metrics) => Mount.layer({ ...options, metrics }))
    ).pipe(
      Layer.provide(QueueLive.client({ schema })),
      Layer.provide(Layer.unwrap(Effect.provide(client, database)))
    )
    const address = yield* serve(api, listen)
    yield* Console.log(input.page ? linkOf(address, printed) : linesOf(address, printed))
    return yield* Effect.never
  },
  Effect.scoped
)

/** The page takes the token out of its address, for the cookie of a session. */
const linkOf = (address: string, token: string | undefined): string =>
  address.startsWith("unix:")
    ? linesOf(address, token)
    : `${address}/${token === undefined ? "" : `?token=${token}`}`

const linesOf = (address: string, token: string | undefined): string =>
  [
    address.startsWith("unix:") ? address : `${address}/api/v1`,
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`])
  ].join("\n")

const refuseOpen = Effect.fnUntraced(function*(listen: Listen.Listen, { auth }: Input) {
  if (Listen.isPrivate(listen) || Option.exists(auth, (kind) => kind !== "none")) return
  return yield* new SettingInvalid({
    setting: "--listen",
    issue: "other machines reach this address: choose an --auth such as basic or bearer, " +
      "and put a proxy with TLS before it"
  })
})
