/**
 * `pgq check`: whether everything is in place for `pgq start`, without starting anything.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { SqlClient, type SqlError } from "effect/sql"
import * as Conninfo from "../domain/Conninfo.ts"
import { storeError } from "../layers/PgError.ts"
import * as PgSchema from "../layers/PgSchema.ts"
import * as Database from "./Database.ts"
import * as Ending from "./Ending.ts"
import * as Flags from "./Flags.ts"

export const check = Command.make(
  "check",
  { connection: Flags.connection, schema: Flags.schema },
  (input) => Ending.bySignal(Effect.provide(run, Database.layer({ ...input, startsNothing: true })))
).pipe(Command.withDescription("Check settings, connection, schema and rights; start nothing"))

const run = Effect.gen(function*() {
  const database = yield* Database.Database
  yield* say("ok", "settings", `schema ${database.schema}, wake-ups by ${database.notify}`)
  yield* say("ok", "connection", `${Conninfo.describe(database.conninfo)} (${database.origin})`)
  yield* server
  const fits = yield* Effect.match(PgSchema.check(database.schema), {
    onFailure: (error) => error.message,
    onSuccess: () => undefined
  })
  if (fits !== undefined) {
    yield* say("FAIL", "schema", fits)
    return yield* new Ending.ExitWith({ code: 1 })
  }
  yield* say("ok", "schema", `${database.schema}, version ${PgSchema.version()}`)
  yield* rights(database.schema)
  yield* ids(database.schema)
})

const server = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* asked(sql<
    {
      readonly version: string
      readonly number: number
      readonly fsync: string
      readonly commit: string
    }
  >`
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::integer AS number,
           current_setting('fsync') AS fsync,
           current_setting('synchronous_commit') AS commit
  `)
  if (found === undefined) return
  yield* found.number < 140_000
    ? say("warn", "server", `PostgreSQL ${found.version}; pgq is made for 14 and later`)
    : say("ok", "server", `PostgreSQL ${found.version}`)
  if (found.fsync === "off") {
    yield* say("warn", "server", "fsync is off: a crash of its machine can lose committed jobs")
  }
  if (found.commit === "off") {
    yield* say("warn", "server", "synchronous_commit is off: a crash can lose the last jobs added")
  }
})

const rights = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const missing = yield* asked(sql<{ readonly what: string }>`
    SELECT privilege || ' on ' || relname AS what
    FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS privilege
    WHERE relnamespace = to_regnamespace(quote_ident(${schema})) AND relkind IN ('r', 'p')
      AND relname <> 'migrations' AND NOT has_table_privilege(oid, privilege)
    UNION ALL
    SELECT 'EXECUTE on ' || proname
    FROM pg_proc
    WHERE pronamespace = to_regnamespace(quote_ident(${schema}))
      AND NOT has_function_privilege(oid, 'EXECUTE')
    ORDER BY 1
  `)
  if (missing.length === 0) return yield* say("ok", "rights", "all that a worker needs")
  yield* say("FAIL", "rights", `missing: ${missing.map(({ what }) => what).join(", ")}`)
  return yield* new Ending.ExitWith({ code: 1 })
})

/** A restored dump or a replica without its sequences would give ids that there are already. */
const ids = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const [sequence] = yield* asked(sql<{ readonly name: string; readonly isReadable: boolean }>`
    SELECT name, has_sequence_privilege(name, 'SELECT') AS "isReadable"
    FROM pg_get_serial_sequence(quote_ident(${schema}) || '.jobs', 'id') AS name
  `)
  // A worker needs no right to it.
  if (sequence?.isReadable !== true) return
  const last = sql.literal(`
    (SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM ${sequence.name})
  `)
  const [used] = yield* asked(sql<{ readonly highest: bigint | null }>`
    SELECT greatest(
      (SELECT max(id) FROM ${sql(`${schema}.jobs`)}),
      (SELECT max(id) FROM ${sql(`${schema}.finished_jobs`)} WHERE id > ${last})
    ) AS highest
  `)
  // Read afterwards, because jobs may be added meanwhile.
  const [given] = yield* asked(sql<{ readonly last: bigint }>`SELECT ${last} AS last`)
  const highest = used?.highest ?? 0n
  if (given === undefined || highest <= given.last) {
    return yield* say("ok", "ids", "above those there are")
  }
  yield* say(
    "FAIL",
    "ids",
    `there are jobs up to id ${highest}, but the next one would get id ${given.last + 1n}; ` +
      `run SELECT setval('${sequence.name}', ${highest})`
  )
  return yield* new Ending.ExitWith({ code: 1 })
})

const asked = <A>(query: Effect.Effect<A, SqlError.SqlError>) =>
  Effect.mapError(query, storeError("check"))

const say = (verdict: "ok" | "warn" | "FAIL", what: string, detail: string) =>
  Console.log(`${verdict.padEnd(4)}  ${what.padEnd(10)}  ${detail}`)
