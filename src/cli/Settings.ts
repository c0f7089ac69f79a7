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
    const environment = yield* Effect.mapError(
      Effect.suspend(() => settings),
      (error) => new SettingInvalid({ setting: "environment", issue: error.message })
    )
    const named = { "-c": given.connection, ...environment.connections }
    const [origin, text] = Object.entries(named)
      .flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value] as const] : [])[0] ??
      [Object.keys(environment.libpq).length > 0 ? "PG*" : "embedded server", Redacted.make("")]

    const conninfo = origin === "embedded server"
      ? undefined
      : yield* read(Redacted.value(text), origin, environment)
    return {
      conninfo,
      origin,
      schema: Option.getOrElse(given.schema, () => environment.schema),
      notify: Option.getOrUndefined(given.notify ?? Option.none()) ??
        Option.getOrUndefined(environment.notify) ??
        (conninfo?.prepare === false ? "poll" : "listen")
    }
  }
)

/** Reads a connection string, with libpq's variables and defaults for what it leaves open. */
export const read = Effect.fnUntraced(function*(
  text: string,
  setting: string,
  environment: Effect.Success<typeof settings>
) {
  const parsed = yield* Effect.fromResult(Conninfo.parse(text, setting))
  const { libpq, password, prepare, sslmode } = environment
  const given = { ...libpq, ...password, ...sslmode, ...prepare, ...parsed }
  const user = yield* osUser
  return yield* Effect.fromResult(
    Conninfo.complete(given, { setting, user, host: defaultHost(given.port || "5432") })
  )
})

const variable = (name: string) =>
  // An empty variable counts as none.
  Config.map(Config.option(Config.String(name)), Option.filter((text) => text !== ""))

const redacted = (name: string) => Config.map(variable(name), Option.map((text) => Redacted.make(text)))

/** One libpq parameter, where its variable is set. */
const parameter = <Name extends keyof Conninfo.Parameters>(name: Name, from: string) =>
  Config.map(variable(from), (value): Conninfo.Parameters =>
    Option.isSome(value) ? { [name]: value.value } : {})

const settings = Config.all({
  connections: Config.all({
    PGQ_URL: redacted("PGQ_URL"),
    DATABASE_URL: redacted("DATABASE_URL")
  }),
  // Any of these names a server; a password or a TLS mode alone does not.
  libpq: Config.map(
    Config.all([
      parameter("host", "PGHOST"),
      parameter("hostaddr", "PGHOSTADDR"),
      parameter("port", "PGPORT"),
      parameter("dbname", "PGDATABASE"),
      parameter("user", "PGUSER")
    ]),
    (parts): Conninfo.Parameters => Object.assign({}, ...parts)
  ),
  password: parameter("password", "PGPASSWORD"),
  sslmode: parameter("sslmode", "PGSSLMODE"),
  prepare: parameter("prepare", "PGQ_PREPARE"),
  schema: Config.map(variable("PGQ_SCHEMA"), Option.getOrElse(() => defaultSchema)),
  notify: Config.option(Config.Literals(["listen", "poll"], "PGQ_NOTIFY"))
})

// A user id without a name, as containers have it, makes userInfo throw.
const osUser = Effect.orElseSucceed(
  Effect.try({ try: () => userInfo().username, catch: () => undefined }),
  () => process.env["USER"] ?? ""
)

const defaultHost = (port: string): string =>
  ["/var/run/postgresql", "/tmp"].find((path) => existsSync(`${path}/.s.PGSQL.${port}`)) ??
    "localhost"
