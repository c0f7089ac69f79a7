/**
 * Checks that every object that the migrations made still exists, and that nothing disables it.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { contents, functionSettings } from "../../layers/postgres/PgMigrations.ts"
import { asked, fail, type Findings, type Look, warn } from "./Finding.ts"

/** Tables, views, indexes and functions, by name. */
const missing = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const { functions, relations } = contents()
  const lacking = yield* asked(sql<{ readonly name: string }>`
    SELECT name FROM unnest(${relations}::text[]) AS name
    WHERE NOT EXISTS (
      SELECT FROM pg_class LEFT JOIN pg_index ON indexrelid = oid
      WHERE relnamespace = quote_ident(${schema})::regnamespace AND relname = name
        AND indisvalid IS NOT FALSE
    )
    UNION ALL
    SELECT name || '()' FROM unnest(${functions}::text[]) AS name
    WHERE NOT EXISTS (
      SELECT FROM pg_proc
      WHERE pronamespace = quote_ident(${schema})::regnamespace AND proname = name
    )
    ORDER BY 1
  `)
  if (lacking.length === 0) return []
  const names = lacking.map(({ name }) => name).join(", ")
  return [fail("schema", `missing: ${names}; make them again as pgq schema prints them`)]
})

/** `CREATE OR REPLACE FUNCTION` by hand drops all settings of a function. */
const settings = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const lacking = yield* asked(sql<{ readonly name: string }>`
    SELECT DISTINCT name FROM ${sql.literal(functionSettings(schema))} AS function_settings
    WHERE NOT is_set ORDER BY 1
  `)
  if (lacking.length === 0) return []
  const names = lacking.map(({ name }) => `${name}()`).join(", ")
  return [fail("schema", `functions without their settings or rights: ${names}; run pgq migrate`)]
})

/**
 * A job that is added while pgq's triggers are off is never looked at, or runs beside others of its
 * key.
 */
const triggers = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const found = yield* asked(sql<{ readonly name: string; readonly enabled: string }>`
    SELECT tgname AS name, tgenabled::text AS enabled
    FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = quote_ident(${schema})::regnamespace
  `)
  return contents().triggers.flatMap(({ name, table }): Findings => {
    const enabled = found.find((trigger) => trigger.name === name)?.enabled
    const mend = `ALTER TABLE "${schema}".${table} ENABLE TRIGGER ${quoted(name)}`
    if (enabled === undefined) {
      const detail = `trigger ${name} of ${table} is missing; make it again as pgq schema prints it`
      return [fail("schema", detail)]
    }
    if (enabled === "O" || enabled === "A") return []
    return [fail("schema", `trigger ${name} of ${table} is disabled; ${mend}`)]
  })
})

const quoted = (name: string) => /^\w+$/.test(name) ? name : `"${name}"`

const rowSecurity = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const secured = yield* asked(sql<{ readonly name: string; readonly isActive: boolean }>`
    SELECT relname AS name, row_security_active(oid) AS "isActive" FROM pg_class
    WHERE relnamespace = quote_ident(${schema})::regnamespace AND relrowsecurity ORDER BY relname
  `)
  return secured.map(({ isActive, name }) => {
    const mend = `ALTER TABLE "${schema}".${name} DISABLE ROW LEVEL SECURITY`
    return isActive
      ? fail("schema", `row-level security hides rows of ${name} from this role; ${mend}`)
      : warn("schema", `row-level security hides rows of ${name} from other roles; ${mend}`)
  })
})

/** A table that Citus distributes cannot work: pgq's locks are on one node. */
const citus = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const [found] = yield* asked(sql<{ readonly tables: boolean; readonly schemas: boolean }>`
    SELECT to_regclass('pg_dist_partition') IS NOT NULL AS tables,
           to_regclass('pg_dist_schema') IS NOT NULL AS schemas
  `)
  const distributed: Array<string> = []
  if (found?.tables === true) {
    const rows = yield* asked(sql<{ readonly name: string }>`
      SELECT relname AS name FROM pg_dist_partition JOIN pg_class ON oid = logicalrelid
      WHERE relnamespace = quote_ident(${schema})::regnamespace ORDER BY relname
    `)
    distributed.push(...rows.map(({ name }) => `table ${name}`))
  }
  if (found?.schemas === true) {
    const rows = yield* asked(sql`
      SELECT FROM pg_dist_schema WHERE schemaid = quote_ident(${schema})::regnamespace
    `)
    if (rows.length > 0) distributed.push(`schema ${schema}`)
  }
  if (distributed.length > 0) {
    const mend = "keep pgq in a schema that Citus does not know"
    return [fail("citus", `distributed by Citus: ${distributed.join(", ")}; ${mend}`)]
  }
  if (found?.tables !== true) return []
  return [warn(
    "citus",
    "a job and rows on another node may be committed one without the other, unless the " +
      "transaction has two phases; the anchor in docs/reference/configuration.md makes it so"
  )]
})

/** Every fault that a schema of the right version can have. */
export const parts = (schema: string): Look =>
  Effect.map(
    Effect.all([
      missing(schema),
      settings(schema),
      triggers(schema),
      rowSecurity(schema),
      citus(schema)
    ]),
    (found) => found.flat()
  )
