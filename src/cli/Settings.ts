/**
 * Which database, and how to talk to it: from flags, then the environment, then defaults.
 */
import { Config, Effect, Option, Redacted } from "effect"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"
import * as Conninfo from "../domain/Conninfo.ts"
import { SettingInvalid } from "../domain/Errors.ts"
import { defaultSchema } from "../layers/PgSchema.ts"

export interface Settings {
  /** Nothing when no connection is named: then it is the embedded server. */
  readonly conninfo: Conninfo.Conninfo | undefined
  /** Where the connection was named, for people. */
  readonly origin: string
  readonly schema: string
  readonly notify: "listen" | "poll"
}

export interface Given {
  readonly connection: Option.Option<Redacted.Redacted>
  readonly schema: Option.Option<string>
  readonly notify?: Option.Option<"listen" | "poll">
}

export const resolve = Effect.fn("Settings.resolve")(
  function*(given: Given): Effect.fn.Return<Settings, SettingInvalid> {
    const environment = yield* Effect.suspend(() => readable(settings))
    const named = { "-c": given.connection, ...environment.connections }
    const [origin, text] = Object.entries(named)
      .flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value] as const] : [])[0] ??
      [Object.keys(environment.server).length > 0 ? "PG*" : "embedded server", Redacted.make("")]

    const conninfo = origin === "embedded server"
      ? undefined
      : yield* read(text, origin, { ...environment.server, ...environment.other })
    return {
      conninfo,
      origin,
      schema: yield* schema(given.schema),
      notify: Option.getOrUndefined(given.notify ?? Option.none()) ??
        Option.getOrUndefined(environment.notify) ??
        (conninfo?.prepare === false ? "poll" : "listen")
    }
  }
)

/** The schema's name, which needs no connection. */
export const schema = (given: Option.Option<string>): Effect.Effect<string, SettingInvalid> =>
  Option.isSome(given)
    ? Effect.succeed(given.value)
    : Effect.suspend(() =>
      Effect.map(readable(variable("PGQ_SCHEMA")), Option.getOrElse(() => defaultSchema))
    )

/** Reads a connection string; what it leaves open is libpq's default. */
export const read = Effect.fnUntraced(function*(
  text: Redacted.Redacted,
  setting: string,
  environment: Conninfo.Parameters = {}
) {
  const parsed = yield* Effect.fromResult(Conninfo.parse(Redacted.value(text), setting))
  const given = { ...environment, ...parsed }
  const defaults = { setting, user: yield* osUser, host: defaultHost(given.port || "5432") }
  return yield* Effect.fromResult(Conninfo.complete(given, defaults))
})

const variable = (name: string) =>
  // An empty variable counts as none.
  Config.map(Config.option(Config.String(name)), Option.filter((text) => text !== ""))

const redacted = (name: string) =>
  Config.map(variable(name), Option.map((text) => Redacted.make(text)))

/** The parameters whose variables are set. */
const parametersOf = (
  pairs: ReadonlyArray<readonly [name: keyof Conninfo.Parameters, from: string]>
): Config.Config<Conninfo.Parameters> =>
  Config.map(
    Config.all(pairs.map(([name, from]) =>
      Config.map(variable(from), (value) => Option.map(value, (text) => [name, text] as const))
    )),
    (found) =>
      Object.fromEntries(found.flatMap((pair) => Option.toArray(pair)))
  )

const settings = Config.all({
  connections: Config.all({
    PGQ_URL: redacted("PGQ_URL"),
    DATABASE_URL: redacted("DATABASE_URL")
  }),
  // Any of these names a server; a password or a TLS mode alone does not.
  server: parametersOf([
    ["host", "PGHOST"],
    ["hostaddr", "PGHOSTADDR"],
    ["port", "PGPORT"],
    ["dbname", "PGDATABASE"],
    ["user", "PGUSER"]
  ]),
  other: parametersOf([
    ["password", "PGPASSWORD"],
    ["sslmode", "PGSSLMODE"],
    ["prepare", "PGQ_PREPARE"]
  ]),
  notify: Config.option(Config.Literals(["listen", "poll"], "PGQ_NOTIFY"))
})

const readable = <A>(config: Config.Config<A>): Effect.Effect<A, SettingInvalid> =>
  Effect.mapError(
    config,
    (error) => new SettingInvalid({ setting: "environment", issue: error.message })
  )

// A user id without a name, as containers have it, makes userInfo throw.
const osUser = Effect.orElseSucceed(
  Effect.try({ try: () => userInfo().username, catch: () => undefined }),
  () => process.env["USER"] ?? ""
)

const defaultHost = (port: string): string =>
  ["/var/run/postgresql", "/tmp"].find((path) => existsSync(`${path}/.s.PGSQL.${port}`)) ??
    "localhost"
