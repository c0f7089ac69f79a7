/**
 * Environment variables that concern the database: pgq's own and libpq's.
 */
import { Config, Effect, Option, Redacted } from "effect"
import { type Parameters, refused, variables, withoutEffect } from "../domain/ConninfoParameters.ts"
import { SettingInvalid } from "../domain/Errors.ts"

export interface Environment {
  readonly connections: Readonly<Record<string, Option.Option<Redacted.Redacted>>>
  readonly parameters: Parameters
  /** libpq's system-wide folder. */
  readonly sysconfdir: string | undefined
  readonly notify: Option.Option<"listen" | "poll">
  /** Variables that libpq knows and pgq does not support, each with the reason. */
  readonly refused: ReadonlyArray<readonly [variable: string, why: string]>
  readonly remarks: ReadonlyArray<string>
}

export const none: Environment = {
  connections: {},
  parameters: {},
  sysconfdir: undefined,
  notify: Option.none(),
  refused: [],
  remarks: []
}

/** Whether the environment names a server. A password or a TLS mode alone does not. */
export const namesServer = ({ parameters }: Environment): boolean =>
  (["host", "hostaddr", "port", "dbname", "user", "service"] as const)
    .some((name) => parameters[name] !== undefined)

export const refuse = ({ refused: [first] }: Environment): Effect.Effect<void, SettingInvalid> =>
  first === undefined
    ? Effect.void
    : Effect.fail(new SettingInvalid({ setting: first[0], issue: `not supported: ${first[1]}` }))

const variable = (name: string) =>
  // An empty variable counts as unset.
  Config.map(Config.option(Config.String(name)), Option.filter((text) => text !== ""))

const redacted = (name: string) =>
  Config.map(variable(name), Option.map((text) => Redacted.make(text)))

/** The variables that are set, among some that each carry a value. */
const those = <A>(
  pairs: ReadonlyArray<readonly [of: A, name: string | undefined]>
): Config.Config<ReadonlyArray<readonly [of: A, text: string]>> =>
  Config.map(
    Config.all(pairs.flatMap(([of, name]) =>
      name === undefined
        ? []
        : [Config.map(variable(name), Option.map((text) => [of, text] as const))]
    )),
    (found) => found.flatMap((pair) => Option.toArray(pair))
  )

const readable = <A>(config: Config.Config<A>): Effect.Effect<A, SettingInvalid> =>
  Effect.mapError(
    config,
    (error) => new SettingInvalid({ setting: "environment", issue: error.message })
  )

export const schema = Effect.suspend(() => readable(variable("PGQ_SCHEMA")))

export const read: Effect.Effect<Environment, SettingInvalid> = Effect.suspend(() =>
  Effect.map(
    readable(Config.all({
      connections: Config.all({
        PGQ_URL: redacted("PGQ_URL"),
        DATABASE_URL: redacted("DATABASE_URL")
      }),
      parameters: those(Object.entries(variables)),
      requiressl: variable("PGREQUIRESSL"),
      sysconfdir: variable("PGSYSCONFDIR"),
      notify: Config.option(Config.Literals(["listen", "poll"], "PGQ_NOTIFY")),
      refused: those(
        Object.values(refused).map(([name, why]) => [[name ?? "", why] as const, name])
      ),
      idle: those(Object.values(withoutEffect).map((name) => [name ?? "", name]))
    })),
    ({ connections, idle, notify, parameters, refused, requiressl, sysconfdir }) => ({
      connections,
      // PGREQUIRESSL is the older way to ask for encryption.
      parameters: {
        ...(Option.contains(requiressl, "1") ? { sslmode: "require" } : {}),
        ...Object.fromEntries(parameters)
      },
      sysconfdir: Option.getOrUndefined(sysconfdir),
      notify,
      refused: refused.map(([of]) => of),
      remarks: idle.map(([name]) => `${name} has no effect under Node`)
    })
  )
)
