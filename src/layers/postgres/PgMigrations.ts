/**
 * The files in `sql/`, each as the body of a DO block that does nothing if the file was applied
 * before. The script for `psql` and the statements of `migrate` are therefore the same.
 */
import { createHash } from "node:crypto"
import * as SqlFiles from "./SqlFiles.ts"

/** In the order in which they are applied. A released migration never changes. */
export const migrations = (): ReadonlyArray<Migration> =>
  found ??= files()
    .filter(({ name }) => /^\d{4}_\w+$/.test(name))
    .map(({ name, text }) => ({
      id: Number(name.slice(0, 4)),
      name,
      isBreaking: text.startsWith("-- breaking"),
      checksum: createHash("sha256").update(text).digest("hex"),
      text
    }))

interface Migration extends SqlFiles.SqlFile {
  readonly id: number
  readonly isBreaking: boolean
  readonly checksum: string
}

// The files are read when they are first needed, and then kept.
let read: ReadonlyArray<SqlFiles.SqlFile> | undefined
let found: ReadonlyArray<Migration> | undefined

const files = (): ReadonlyArray<SqlFiles.SqlFile> => read ??= SqlFiles.read()

/** The settings of all functions, as a query. It is applied after each migration. */
const settings = (): string => files().find(({ name }) => name === "settings")!.text

const named = (pattern: RegExp) =>
  migrations().flatMap(({ text }) =>
    [...text.matchAll(pattern)].map(([, name = "", table = ""]) => ({
      name,
      table
    }))
  )

/** The names of everything that the migrations create. */
export const contents = () => ({
  relations: named(/^CREATE (?:TABLE|VIEW|(?:UNIQUE )?INDEX) (\w+)/gm).map(({ name }) => name),
  functions: named(/^ *CREATE (?:OR REPLACE )?FUNCTION (\w+)/gm).map(({ name }) => name),
  triggers: named(/^CREATE (?:CONSTRAINT )?TRIGGER "?([~\w]+)"?[^;]*? ON (\w+)/gm)
})

/** The error code of `statements` for a schema that another program made. Class PG is pgq's own. */
export const foreignCode = "PGQ02"

/**
 * Statements for one transaction: the first few prepare it, and each of the others is one
 * migration.
 */
export const statements = (schema: string): ReadonlyArray<string> => [
  `-- One migrator at a time.
DO $lock$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('${schema}:migrate'), 0); END $lock$`,
  `-- Citus would also create the objects that follow on its other nodes. Other servers ignore this.
SET LOCAL citus.enable_ddl_propagation TO off`,
  `-- Errors and names are stored as they are, in any script. A schema of this name that something
-- else made stays as it is.
DO $guard$ BEGIN
  IF current_setting('server_encoding') <> 'UTF8' THEN
    RAISE EXCEPTION 'pgq needs a database in UTF8, and % is in %', current_database(),
      current_setting('server_encoding') USING ERRCODE = 'feature_not_supported',
      HINT = 'createdb --template=template0 --encoding=UTF8 NAME makes one';
  END IF;
  IF ${isUsed(schema)}
     AND (to_regclass('"${schema}".migrations') IS NULL OR to_regclass('"${schema}".migrations')
          IS DISTINCT FROM (SELECT c.oid FROM pg_class AS c JOIN pg_description AS d
                            ON d.objoid = c.oid AND d.objsubid = 0 AND d.description = '${comment}'
                            WHERE c.oid = to_regclass('"${schema}".migrations')))
  THEN
    RAISE EXCEPTION 'schema "${schema}" belongs to another program'
      USING ERRCODE = '${foreignCode}', HINT = 'choose another name with --schema';
  END IF;
  IF to_regnamespace('"${schema}"') IS NULL THEN
    CREATE SCHEMA "${schema}";
  END IF;
END $guard$`,
  `SET LOCAL search_path TO "${schema}", pg_temp`,
  `DO $migrations$ BEGIN
  IF to_regclass('"${schema}".migrations') IS NULL THEN
    CREATE TABLE migrations (
      id          integer PRIMARY KEY,
      name        text NOT NULL,
      is_breaking boolean NOT NULL,
      applied_at  timestamptz NOT NULL DEFAULT now(),
      checksum    text
    );
    COMMENT ON TABLE migrations IS '${comment}';
  END IF;
END $migrations$`,
  ...migrations().map(({ checksum, id, isBreaking, name, text }) =>
    `DO $migration$ BEGIN
IF EXISTS (SELECT FROM migrations WHERE id = ${id}) THEN RETURN; END IF;
${text.trimEnd()}
INSERT INTO migrations (id, name, is_breaking, checksum)
VALUES (${id}, '${name}', ${isBreaking}, '${checksum}');
END $migration$`
  ),
  `-- The bodies of enqueue name the schema. After the schema was renamed, they name the former one.
DO $names$ DECLARE f regprocedure; BEGIN
  FOR f IN ${lost(schema)} LOOP
    IF (SELECT proconfig IS NULL FROM pg_proc WHERE oid = f) THEN
      EXECUTE regexp_replace(pg_get_functiondef(f), '\\S+\\.add_job\\(',
                             quote_ident('${schema}') || '.add_job(');
    END IF;
  END LOOP;
END $names$`,
  `DO $settings$ DECLARE f record; BEGIN
  -- A newer pgq has made other functions, and has given them their settings.
  IF EXISTS (SELECT FROM migrations WHERE id > ${migrations().at(-1)!.id}) THEN RETURN; END IF;
  FOR f IN ${unset(schema)} LOOP
    EXECUTE format('ALTER FUNCTION %s RESET ALL %s SECURITY %s', f.function, (
      SELECT string_agg(format('SET %s TO %s', name, CASE name
               WHEN 'search_path' THEN value ELSE quote_literal(value) END), ' ')
      FROM (SELECT split_part(setting, '=', 1) AS name, split_part(setting, '=', 2) AS value
            FROM unnest(f.settings) AS setting) AS settings
    ), CASE WHEN f.is_definer THEN 'DEFINER' ELSE 'INVOKER' END);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f.function);
  END LOOP;
END $settings$`
]

/** The settings that each function of pgq in the schema must have, and whether it has them. */
export const functionSettings = (schema: string): string =>
  `(SELECT * FROM (
${settings().trimEnd().replaceAll("current_schema()", `'${schema}'`)}
  ) AS function_settings WHERE name IN (${
    contents().functions.map((name) => `'${name}'`).join(", ")
  }))`

const unset = (schema: string): string =>
  `(SELECT * FROM ${functionSettings(schema)} AS of_pgq WHERE NOT is_set)`

/** The functions that look up names in another schema than their own. */
export const lost = (schema: string): string =>
  `(SELECT oid::regprocedure FROM pg_proc
    WHERE pronamespace = to_regnamespace('"${schema}"') AND (
      EXISTS (SELECT FROM unnest(proconfig) AS setting WHERE setting LIKE 'search_path=%'
              AND setting <> 'search_path=' || quote_ident('${schema}') || ', pg_temp')
      OR prosrc LIKE '%.add_job(%'
         AND prosrc NOT LIKE '% ' || quote_ident('${schema}') || '.add_job(%'
    ))`

/** Whether the schema contains anything. An empty one is free to use. */
export const isUsed = (schema: string): string =>
  `(EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('"${schema}"'))
      OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('"${schema}"'))
      OR EXISTS (SELECT FROM pg_type WHERE typnamespace = to_regnamespace('"${schema}"')))`

/** The number of statements before the migrations. */
export const preamble = 5

const comment = "what pgq, the job queue, has installed here"
