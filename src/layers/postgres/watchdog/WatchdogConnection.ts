/**
 * The settings with which the watchdog's thread connects. They are copied to the thread, and a
 * function cannot be copied.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, Result } from "effect"
import { SqlClient } from "effect/sql"
import { SettingInvalid, type StoreError } from "../../../domain/Errors.ts"
import * as PgConninfo from "../connection/PgConninfo.ts"
import { withTimeout } from "../QueryTimeout.ts"
import type { Connection } from "./WatchdogTask.ts"

type Config = PgClient.PgClientConfig

/**
 * The settings of `config`, or those of a connection string that takes their place. Fails where the
 * thread could not connect as `config` does.
 */
export const make = Effect.fnUntraced(function*(
  config: Config,
  given: Redacted.Redacted<string> | undefined
): Effect.fn.Return<Connection, SettingInvalid | StoreError> {
  const conninfo = given === undefined ? PgConninfo.textOf(config) : yield* tried(given)
  const shared = {
    applicationName: `${config.applicationName ?? "pgq"} watchdog`,
    startupParameters: config.startupParameters,
    startupOptions: config.startupOptions
  }
  if (conninfo !== undefined) return { ...shared, conninfo, url: undefined, password: undefined }

  const setting = uncopied(config)
  if (setting !== undefined) return yield* refused(setting)
  const { database, host, path, port, prepare, ssl, url, username } = config
  const password = yield* passwordOf(config)
  return {
    ...shared,
    conninfo,
    database,
    host,
    path,
    port,
    prepare,
    ssl,
    username,
    url: url === undefined ? undefined : Redacted.value(url),
    password: password === undefined ? undefined : Redacted.value(password)
  }
})

/** An Effect may fetch a password for each connection. */
export const passwordOf = ({ password }: Config) =>
  Effect.isEffect(password) ? password : Effect.succeed(password)

/** The thread has no place to report an error, so the connection is tried here, once. */
const tried = Effect.fnUntraced(function*(given: Redacted.Redacted<string>) {
  const text = Redacted.value(given)
  const config = yield* Effect.fromResult(
    Result.mapError(
      PgConninfo.configOf(text),
      ({ issue }) => new SettingInvalid({ setting: "watchdog", issue })
    )
  )
  yield* SqlClient.SqlClient.use((sql) => sql`SELECT 1`).pipe(
    Effect.provide(PgClient.layer({ ...config, maxConnections: 1 })),
    withTimeout("watchdog")
  )
  return text
})

/** The name of a setting that cannot be copied to another thread. */
const uncopied = ({ ssl, stream }: Config): string | undefined => {
  if (stream !== undefined) return "stream"
  const entries = typeof ssl === "object" ? Object.entries(ssl) : []
  const found = entries.find(([, value]) => !isCopied(value))
  return found && `ssl.${found[0]}`
}

const isCopied = (value: unknown): boolean => {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

const refused = (setting: string) =>
  new SettingInvalid({
    setting,
    issue: "the watchdog's thread cannot be given this setting of the client; give the worker a " +
      `connection string for the watchdog (e.g. watchdog: Redacted.make("postgres://…?sslmode=` +
      `verify-ca&sslrootcert=ca.crt")), or watchdog: "none"`
  })
