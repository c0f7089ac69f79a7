/**
 * Checks that the server and the role's settings on it let a worker work.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as PgConnections from "../../layers/postgres/connection/PgConnections.ts"
import { poolSize } from "../Database.ts"
import { asked, fail, type Finding, type Look, ok, warn } from "./Finding.ts"

interface Server {
  readonly version: string
  readonly number: number
  readonly encoding: string
  readonly isStandby: boolean
  readonly isReadOnly: boolean
  /** The settings as they were when the session began. */
  readonly settings: Readonly<Record<string, string>>
  readonly free: number
}

/** Questions about each server. A question whose answer is no has a finding. */
const demands: ReadonlyArray<(server: Server) => Finding | undefined> = [
  ({ number, version }) =>
    number < 140_000
      ? warn("server", `pgq is made for PostgreSQL 14 and later, not ${version}`)
      : undefined,
  ({ encoding }) =>
    encoding !== "UTF8"
      ? fail(
        "server",
        `the database is in ${encoding}, which cannot store every text; make one with ` +
          "createdb --template=template0 --encoding=UTF8"
      )
      : undefined,
  ({ isStandby }) =>
    isStandby
      ? fail("server", "it is a standby, which takes no jobs; connect to its primary")
      : undefined,
  ({ isReadOnly, isStandby }) =>
    isReadOnly && !isStandby
      ? fail(
        "server",
        "transactions are read-only here; ALTER ROLE … SET default_transaction_read_only = " +
          "off, or connect to another server"
      )
      : undefined,
  ({ settings }) =>
    settings["session_replication_role"] !== "origin"
      ? fail(
        "server",
        `session_replication_role is ${settings["session_replication_role"]}, so that jobs come ` +
          "in without pgq's triggers; ALTER ROLE … RESET session_replication_role"
      )
      : undefined,
  ({ settings }) =>
    settings["fsync"] === "off"
      ? warn("server", "fsync is off: a crash of its machine can lose committed jobs")
      : undefined,
  ({ settings }) =>
    settings["synchronous_commit"] === "off"
      ? warn("server", "synchronous_commit is off: a crash can lose the last jobs added")
      : undefined,
  ({ free }) =>
    free < connectionsOfAWorker
      ? warn(
        "server",
        `${Math.max(free, 0)} connections are free, and a worker takes up to ` +
          `${connectionsOfAWorker}; raise max_connections or the role's limit`
      )
      : undefined,
  ...Object.entries({
    statement_timeout: "a step of pgq that takes longer is cut off, and tried again",
    transaction_timeout: "a transaction of a handler that takes longer is cut off",
    idle_in_transaction_session_timeout: "a transaction of a handler that rests longer is cut off",
    idle_session_timeout: "connections that rest longer are closed, and opened again",
    lock_timeout: "a producer or handler that waits longer for a lock fails"
  }).map(([name, consequence]) => ({ settings }: Server) => {
    const limit = Number(settings[name] ?? 0)
    return limit > 0
      ? warn("server", `${name} is ${limit} ms: ${consequence}; ALTER ROLE … SET ${name} = 0`)
      : undefined
  })
]

/** The application's pool, the worker's own connections, and the listener. */
const connectionsOfAWorker = Object.values(PgConnections.sizes).reduce(
  (sum, size) => sum + size,
  poolSize + 1
)

export const server: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  // First of all: the role's own statement_timeout may be less than a millisecond.
  yield* asked(sql`SET LOCAL statement_timeout = '30s'`)
  const [found] = yield* asked(sql<Server>`
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::integer AS number,
           current_setting('server_encoding') AS encoding,
           pg_is_in_recovery() AS "isStandby",
           current_setting('transaction_read_only')::boolean AS "isReadOnly",
           (SELECT json_object_agg(name, reset_val) FROM pg_settings
            WHERE name ~ 'timeout$|^(fsync|synchronous_commit|session_replication_role)$'
           ) AS settings,
           least(
             (SELECT sum(reset_val::integer * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END)
              FROM pg_settings WHERE name IN (
                'max_connections', 'superuser_reserved_connections', 'reserved_connections'
              )) - (SELECT sum(numbackends) FROM pg_stat_database),
             (SELECT nullif(rolconnlimit, -1)
                     - (SELECT count(*) FROM pg_stat_activity WHERE usename = current_user)
              FROM pg_roles WHERE rolname = current_user),
             (SELECT nullif(datconnlimit, -1) - numbackends FROM pg_database JOIN pg_stat_database
              USING (datname) WHERE datname = current_database())
           )::integer AS free
  `)
  if (found === undefined) return []
  const wrong = demands.flatMap((demand) => demand(found) ?? [])
  const isFit = wrong.every(({ verdict }) => verdict !== "FAIL")
  return [...isFit ? [ok("server", `PostgreSQL ${found.version}`)] : [], ...wrong]
})
