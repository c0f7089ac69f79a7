/**
 * Checks that the role has a worker's rights, and that the owner of the functions has the rights
 * they lend.
 */
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as PgRoles from "../../layers/postgres/PgRoles.ts"
import { asked, fail, type Look, orOk, warn } from "./Finding.ts"

/** The rights of the given role that the connected role lacks. */
const missing = Effect.fnUntraced(function*(schema: string, role: PgRoles.Role) {
  const sql = yield* SqlClient.SqlClient
  const { functions, relations, sequences } = PgRoles.roles[role]
  const wanted = Object.entries(relations).flatMap(([what, privileges]) => {
    const [table = "", columns] = what.split(/ \(|\)/)
    return privileges.flatMap((privilege) =>
      (columns?.split(", ") ?? [""]).map((column) => ({ table, privilege, column }))
    )
  })
  const rows = yield* asked(sql<{ readonly what: string }>`
    SELECT DISTINCT privilege || ' on ' || name AS what
    FROM unnest(
      ${wanted.map(({ table }) => table)}::text[],
      ${wanted.map(({ privilege }) => privilege)}::text[],
      ${wanted.map(({ column }) => column)}::text[]
    ) AS wanted(name, privilege, column_name)
    JOIN pg_class ON relname = name AND relnamespace = quote_ident(${schema})::regnamespace
    WHERE NOT CASE column_name WHEN '' THEN has_table_privilege(oid, privilege)
              ELSE has_column_privilege(oid, column_name, privilege) END
    UNION ALL
    SELECT 'EXECUTE on ' || proname FROM pg_proc
    WHERE pronamespace = quote_ident(${schema})::regnamespace
      AND proname = ANY (${functions}::text[]) AND NOT has_function_privilege(oid, 'EXECUTE')
    UNION ALL
    SELECT 'USAGE on ' || relname FROM pg_class
    WHERE relnamespace = quote_ident(${schema})::regnamespace AND ${sequences === "usable"}
      AND CASE relkind WHEN 'S' THEN NOT has_sequence_privilege(oid, 'USAGE') END
    UNION ALL
    SELECT 'USAGE on ' || nspname FROM pg_namespace
    WHERE oid = quote_ident(${schema})::regnamespace AND NOT has_schema_privilege(oid, 'USAGE')
    ORDER BY 1
  `)
  return rows.map(({ what }) => what)
})

/** A SECURITY DEFINER function lends its owner's rights, so the owner must have them. */
const owner = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* asked(sql<{ readonly name: string; readonly owner: string }>`
    SELECT DISTINCT proname AS name, pg_get_userbyid(proowner) AS owner FROM pg_proc, pg_class
    WHERE pronamespace = quote_ident(${schema})::regnamespace AND prosecdef
      AND relnamespace = pronamespace AND relkind IN ('r', 'p')
      AND NOT (pg_has_role(proowner, relowner, 'USAGE')
               AND has_schema_privilege(proowner, relnamespace, 'CREATE'))
    ORDER BY 1
  `)
  const names = rows.map(({ name }) => name).join(", ")
  return rows.length === 0 ? [] : [fail(
    "rights",
    `${
      rows[0]?.owner
    } owns ${names}, but not the schema and all of its tables; make it the owner ` +
      "of these, too"
  )]
})

/** `user` is the connected role, as an SQL expression. */
export const rights = (schema: string, user: string): Look =>
  Effect.gen(function*() {
    const work = yield* missing(schema, "worker")
    const produce = yield* missing(schema, "producer")
    const wrong = yield* owner(schema)
    const grant = (role: PgRoles.Role) =>
      `GRANT "${
        PgRoles.nameOf(schema, role)
      }" TO ${user}; pgq schema --roles prints what makes that`
    if (work.length > 0) {
      const lacking = [...new Set([...work, ...produce])].join(", ")
      return [...wrong, fail("rights", `the role lacks ${lacking}; ${grant("worker")}`)]
    }
    const fine = orOk(wrong, "rights", "all that a worker needs")
    return produce.length === 0
      ? fine
      : [...fine, warn("rights", `the role adds no jobs; ${grant("producer")}`)]
  })
