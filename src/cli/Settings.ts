/**
 * The settings of the database connection: from flags, then the environment, then defaults.
 */
import { Effect, Option, Redacted } from "effect"
import { existsSync } from "node:fs"
import { userInfo } from "node:os"
import * as Conninfo from "../domain/Conninfo.ts"
import { type Parameters, variables } from "../domain/ConninfoParameters.ts"
import { SettingInvalid } from "../domain/Errors.ts"
import * as EventLog from "../layers/effects/EventLog.ts"
import { defaultSchema } from "../layers/postgres/PgSchema.ts"
import * as ConnectionFiles from "./ConnectionFiles.ts"
import * as Environment from "./Environment.ts"

export interface Settings {
  /** `undefined` when no connection is named: then the embedded server is used. */
  readonly conninfo: Conninfo.Conninfo | undefined
  /** The place where the connection was named, for messages. */
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
    const environment = yield* Environment.read
    const named = { "-c": given.connection, ...environment.connections }
    const [origin, text] = Object.entries(named)
      .flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value] as const] : [])[0] ??
      [Environment.namesServer(environment) ? "PG*" : "embedded server", Redacted.make("")]

    const conninfo = origin === "embedded server"
      ? undefined
      : yield* read(text, origin, environment)
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

/** The schema's name. Reading it needs no connection. */
export const schema = (given: Option.Option<string>): Effect.Effect<string, SettingInvalid> =>
  Option.isSome(given)
    ? Effect.succeed(given.value)
    : Effect.suspend(() => Effect.map(Environment.schema, Option.getOrElse(() => defaultSchema)))

/**
 * Reads a connection string. A parameter that the string leaves out comes from its service, then
 * from the environment, then from libpq's defaults.
 */
export const read = Effect.fnUntraced(function*(
  text: Redacted.Redacted,
  setting: string,
  environment: Environment.Environment = Environment.none
) {
  const parsed = yield* Effect.fromResult(Conninfo.parse(Redacted.value(text), setting))
  yield* Environment.refuse(environment)
  yield* remark(setting, [...parsed.remarks, ...environment.remarks])
  const own = { ...environment.parameters, ...parsed.given }
  const served = own.service ? yield* serviceOf(own.service, own, environment) : {}
  const given = { ...environment.parameters, ...served, ...parsed.given }
  const defaults = { setting, user: yield* osUser, host: defaultHost }
  const conninfo = yield* Effect.fromResult(Conninfo.complete(given, defaults)).pipe(
    Effect.mapError(blame({ ...served, ...parsed.given }, environment))
  )
  return { ...conninfo, password: yield* ConnectionFiles.password(conninfo, given.passfile) }
})

/**
 * The sentence for a wrong value names the variable that the value came from, not the connection
 * string. Each sentence begins with the parameter's name.
 */
const blame =
  (given: Parameters, { parameters }: Environment.Environment) => (error: SettingInvalid) => {
    const [name = ""] = /^\w+/.exec(error.issue) ?? []
    const variable = Object.entries(variables).find(([of]) => of === name)?.[1]
    return variable === undefined || Object.hasOwn(given, name) || !Object.hasOwn(parameters, name)
      ? error
      : new SettingInvalid({ setting: variable, issue: error.issue })
  }

const serviceOf = Effect.fnUntraced(
  function*(name: string, own: Parameters, { sysconfdir }: Environment.Environment) {
    const files = ConnectionFiles.serviceFiles(own, sysconfdir)
    const { given, remarks } = yield* ConnectionFiles.service(name, files)
    yield* remark(`service ${name}`, remarks)
    return given
  }
)

const remark = (setting: string, remarks: ReadonlyArray<string>) =>
  Effect.forEach(remarks, (text) => EventLog.warning("setting.remark", `${setting}: ${text}`), {
    discard: true
  })

// A user id without a name, as in some containers, makes `userInfo` throw.
const osUser = Effect.orElseSucceed(
  Effect.try({ try: () => userInfo().username, catch: () => undefined }),
  () => process.env["USER"] ?? ""
)

const defaultHost = (port: number): string =>
  ConnectionFiles.socketFolders.find((path) => existsSync(`${path}/.s.PGSQL.${port}`)) ??
    "localhost"
