/**
 * The database that a command works on: the one that the settings name, or the embedded server. An
 * embedded server that a command started stops with that command.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import * as Conninfo from "../domain/Conninfo.ts"
import { SettingInvalid, StoreError } from "../domain/Errors.ts"
import * as EmbeddedPostgres from "../layers/embedded/EmbeddedPostgres.ts"
import * as Home from "../layers/embedded/Home.ts"
import * as PgConninfo from "../layers/postgres/connection/PgConninfo.ts"
import { storeError } from "../layers/postgres/PgError.ts"
import * as PgSchema from "../layers/postgres/PgSchema.ts"
import * as Settings from "./Settings.ts"

export class Database extends Context.Service<Database, {
  readonly conninfo: Conninfo.Conninfo
  readonly origin: string
  readonly isEmbedded: boolean
  readonly schema: string
  readonly notify: "listen" | "poll"
}>()("pgq/cli/Database") {}

interface Given extends Settings.Given {
  /** An embedded server is used only if it already runs. */
  readonly startsNothing?: boolean
  /** The name of the sessions, and how many there are at most. */
  readonly sessions?: { readonly applicationName: string; readonly max: number }
}

/** The database and a client whose first connection has succeeded. */
export const layer = (given: Given) =>
  Layer.unwrap(
    Effect.map(open(given), (database) =>
      Layer.mergeAll(
        Layer.succeed(Database, database),
        Layer.provideMerge(
          Layer.effectDiscard(connect(database)),
          client(database.conninfo, given.sessions)
        )
      ))
  )

/**
 * Refuses a schema whose version does not fit. The embedded server's schema is migrated first,
 * because no other program can migrate it.
 */
export const ready = Effect.gen(function*() {
  const { conninfo: { target }, isEmbedded, origin, schema } = yield* Database
  if (["standby", "read-only", "prefer-standby"].includes(target)) {
    return yield* new SettingInvalid({
      setting: origin,
      issue: `target_session_attrs=${target} leads to a server that takes no jobs; ` +
        "read-write and primary lead to one that does"
    })
  }
  return yield* isEmbedded
    ? Effect.asVoid(PgSchema.migrate({ schema }))
    : PgSchema.check({ schema })
})

const open = Effect.fnUntraced(function*(given: Given) {
  const { conninfo, ...settings } = yield* Settings.resolve(given)
  if (conninfo !== undefined) return Database.of({ ...settings, conninfo, isEmbedded: false })

  const dataDir = yield* Home.ofUser
  const server = given.startsNothing === true
    ? yield* running(dataDir)
    : yield* EmbeddedPostgres.open({ dataDir })
  return Database.of({
    ...settings,
    conninfo: yield* Settings.read(server.url, "embedded server"),
    isEmbedded: true
  })
})

const running = Effect.fnUntraced(function*(dataDir: string) {
  const found = yield* EmbeddedPostgres.find(dataDir)
  if (Option.isSome(found)) return found.value
  return yield* new SettingInvalid({
    setting: "connection",
    issue:
      `no database is named by -c, PGQ_URL, DATABASE_URL or PG*, and no embedded server runs ` +
      `in ${dataDir}; pgq start would start one`
  })
})

/** The most connections that handlers and producers of one process open. */
export const poolSize = 10

const client = (
  conninfo: Conninfo.Conninfo,
  { applicationName, max } = { applicationName: conninfo.applicationName, max: poolSize }
) =>
  Layer.orDie(
    PgClient.layer({ ...PgConninfo.clientConfig(conninfo), applicationName, maxConnections: max })
  )

const connect = Effect.fnUntraced(function*({ conninfo, origin }: Database["Service"]) {
  const sql = yield* SqlClient.SqlClient
  const operation = `cannot connect to ${Conninfo.describe(conninfo)} (from ${origin})`
  yield* sql`SELECT 1`.pipe(
    Effect.mapError((error) => {
      const { cause, code, detail } = storeError(operation)(error)
      const full = `${detail}${advice(code ?? "", conninfo)}`
      return new StoreError({ operation, isTransient: true, detail: full, cause })
    }),
    // The driver's own limit is for one connection attempt; the pool may make several.
    Effect.timeoutOrElse({
      duration: Duration.sum(PgConninfo.patience(conninfo), Duration.seconds(1)),
      orElse: () => {
        const detail = "no answer; is the server running there?"
        return Effect.fail(new StoreError({ operation, isTransient: true, detail, cause: detail }))
      }
    })
  )
})

const advice = (code: string, { dbname }: Conninfo.Conninfo): string => {
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return "; is the server running there?"
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "; check the host's name"
    case "28P01":
      return "; check the user and the password"
    case "28000":
      return "; check the user, pg_hba.conf and sslmode"
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
      return "; name the file of its CA as sslrootcert"
    case "3D000":
      return `; create it with createdb ${dbname}`
    default:
      return ""
  }
}
