/**
 * The server to run on: the one that `PGQ_URL` or `DATABASE_URL` names, or pgq's embedded one.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { EmbeddedHome, EmbeddedPostgres } from "pgq/embedded"
import { Failure } from "./Failure.ts"

const named = (variable: string) => {
  const url = process.env[variable] ?? ""
  return URL.canParse(url)
    ? Effect.succeed({ name: `the server that ${variable} names`, url: Redacted.make(url) })
    : new Failure({ message: `${variable} is not a URL such as postgres://user@host/database` })
}

const embedded = EmbeddedHome.ofUser.pipe(
  Effect.flatMap((dataDir) => EmbeddedPostgres.open({ dataDir })),
  Effect.map((server) => ({
    name: `the embedded server in ${server.dataDir}`,
    url: server.url
  }))
)

export const layer = Layer.unwrap(Effect.gen(function*() {
  const variable = ["PGQ_URL", "DATABASE_URL"].find((name) => process.env[name])
  const { name, url } = variable === undefined ? yield* embedded : yield* named(variable)
  yield* Effect.logInfo(`on ${name}`)
  return PgClient.layer({ url, applicationName: "index-files", maxConnections: 10 })
}))
