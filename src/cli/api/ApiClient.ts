/**
 * The connections of commands that serve by HTTP to the database: few, with bounds of their own,
 * and of no more use than the server is asked for.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as PgConninfo from "../../layers/postgres/connection/PgConninfo.ts"
import * as Database from "../Database.ts"

/** A pooler refuses settings of a session, so behind one a role must guard what may be changed. */
export const of = Effect.fnUntraced(function*(
  { name, readOnly }: {
    /** The name of the sessions. */
    readonly name: string
    readonly readOnly: boolean
  }
) {
  const { conninfo } = yield* Database.Database
  if (!conninfo.prepare && readOnly) {
    yield* EventLog.warning(
      "setting.remark",
      "a pooler may let a session write that should only read; connect as a role that only reads"
    )
  }
  const limits = conninfo.prepare ? { ...session, ...(readOnly ? reading : {}) } : {}
  return Layer.orDie(PgClient.layer({
    ...PgConninfo.clientConfig(conninfo),
    applicationName: name,
    maxConnections: 2,
    startupParameters: { ...conninfo.settings, ...limits }
  }))
})

const session = { statement_timeout: "2000", lock_timeout: "500" }
const reading = { default_transaction_read_only: "on" }
