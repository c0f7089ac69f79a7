/**
 * The statements that create the roles, and give each of them exactly its rights.
 */
import { Effect } from "effect"
import type { SettingInvalid } from "../../domain/Errors.ts"
import { nameOf, names, type Role, roles } from "./PgRoles.ts"
import * as PgSchema from "./PgSchema.ts"

/** A script for `psql` that creates the roles with exactly these rights. */
export const script = (schema: string): Effect.Effect<string, SettingInvalid> =>
  Effect.map(
    PgSchema.script({ schema }),
    () => ["BEGIN", ...statements(schema), "COMMIT", ""].join(";\n\n").trimEnd() + "\n"
  )

export const statements = (schema: string): ReadonlyArray<string> => [
  `-- Creating the roles needs CREATEROLE; everything else needs the owner of the schema.
DO $roles$ DECLARE role text; BEGIN
  FOREACH role IN ARRAY ARRAY[${names.map((role) => `'${nameOf(schema, role)}'`).join(", ")}] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    END IF;
    EXECUTE format('REVOKE ALL ON SCHEMA "${schema}" FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA "${schema}" FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA "${schema}" FROM %I', role);
    EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA "${schema}" FROM %I', role);
    EXECUTE format('GRANT USAGE ON SCHEMA "${schema}" TO %I', role);
  END LOOP;
END $roles$`,
  ...names.flatMap((role) => grants(schema, role))
]

const grants = (schema: string, role: Role): ReadonlyArray<string> => {
  const { functions, relations, sequences } = roles[role]
  const to = `TO "${nameOf(schema, role)}"`
  return [
    ...Object.entries(relations).map(([relation, privileges]) => {
      const [table, columns = ""] = relation.split(/ (?=\()/)
      const what = privileges.map((privilege) => `${privilege} ${columns}`.trim()).join(", ")
      return `GRANT ${what} ON "${schema}".${table} ${to}`
    }),
    ...sequences === "hidden"
      ? []
      : [
        `GRANT SELECT${sequences === "usable" ? ", USAGE" : ""} ` +
        `ON ALL SEQUENCES IN SCHEMA "${schema}" ${to}`
      ],
    ...functions.length === 0 ? [] : [
      `DO $functions$ DECLARE f regprocedure; BEGIN
  FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = '"${schema}"'::regnamespace AND proname IN (
    ${functions.map((name) => `'${name}'`).join(", ")}
  ) LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s ${to}', f);
  END LOOP;
END $functions$`
    ]
  ]
}
