/**
 * The tables and functions in the database: printed, installed, brought up to date, and checked.
 *
 * The files in `sql/` are the truth. Each travels as the body of one DO block that does nothing where it
 * was applied before, so that the script `psql` reads and the statements `migrate` sends are the same.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { SqlError } from "effect/sql"
import { readdirSync, readFileSync } from "node:fs"
import { SchemaUnfit, SettingInvalid, type StoreError } from "../domain/Errors.ts"
import { storeError } from "./PgError.ts"

export const defaultSchema = "pgq"

/** The whole schema as a script for `psql`: complete, idempotent, one transaction. */
export const script = (schema: string): Effect.Effect<string, SettingInvalid> =>
  Effect.map(
    checkName(schema),
    () => ["BEGIN", ...statements(schema), "COMMIT", ""].join(";\n\n").trimEnd() + "\n"
  )

/** Applies what is pending, in one transaction; safe to run from many places at once. */
export const migrate = Effect.fn("PgSchema.migrate")(
  function*(schema: string): Effect.fn.Return<
    ReadonlyArray<string>,
    SchemaUnfit | SettingInvalid | StoreError,
    PgClient.PgClient
  > {
    yield* checkName(schema)
    const sql = yield* PgClient.PgClient
    const run = Effect.gen(function*() {
      yield* Effect.forEach(
        statements(schema).slice(0, preamble),
        (text) => sql.unsafe(text).unprepared
      )
      const before = yield* appliedIds(schema)
      yield* refuseAhead(schema)
      yield* Effect.forEach(
        statements(schema).slice(preamble),
        (text) => sql.unsafe(text).unprepared
      )
      return migrations.filter(({ id }) => !before.has(id)).map(({ name }) => name)
    })
    return yield* sql.withTransaction(run).pipe(
      // A connection lost in a transaction arrives as a defect.
      Effect.catchDefect((defect) =>
        SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)
      ),
      Effect.catchTag("SqlError", (error) => Effect.fail(refusal(schema, error)))
    )
  }
)

/** Fails unless the database holds the schema that this version works with. */
export const check = Effect.fn("PgSchema.check")(
  function*(schema: string): Effect.fn.Return<
    void,
    SchemaUnfit | SettingInvalid | StoreError,
    PgClient.PgClient
  > {
    yield* checkName(schema)
    const sql = yield* PgClient.PgClient
    const found = yield* sql<{ used: boolean; migrations: boolean }>`
      SELECT ${sql.literal(isUsed(schema))} AS used,
             to_regclass(quote_ident(${schema}) || '.migrations') IS NOT NULL
             AND to_regclass(quote_ident(${schema}) || '.lane_wakes') IS NOT NULL AS migrations
    `.pipe(Effect.mapError(storeError("check")))
    if (found[0]?.used !== true) {
      return yield* new SchemaUnfit({
        schema,
        reason: "missing",
        detail: `the database has no schema "${schema}", or an empty one; run pgq migrate first`
      })
    }
    if (found[0].migrations !== true) return yield* foreign(schema)
    yield* refuseAhead(schema)
    const applied = yield* appliedIds(schema)
    const pending = migrations.filter(({ id }) => !applied.has(id))
    if (pending.length > 0) {
      return yield* new SchemaUnfit({
        schema,
        reason: "behind",
        detail: `schema "${schema}" lacks ${
          pending.map(({ name }) => name).join(", ")
        }; run pgq migrate`
      })
    }
  }
)

/** The version of the newest migration this code knows. */
export const version = (): number => migrations.at(-1)!.id

const directory = new URL("../../sql/", import.meta.url)

const migrations = readdirSync(directory)
  .filter((file) => /^\d{4}_\w+\.sql$/.test(file))
  .toSorted()
  .map((file) => {
    const text = readFileSync(new URL(file, directory), "utf8")
    return {
      id: Number(file.slice(0, 4)),
      name: file.slice(0, -".sql".length),
      isBreaking: text.startsWith("-- breaking"),
      text
    }
  })

// Class PG is pgq's own.
const foreignCode = "PGQ02"

const statements = (schema: string): ReadonlyArray<string> => [
  `-- One migrator at a time.
DO $lock$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('${schema}:migrate'), 0); END $lock$`,
  `-- A schema of this name that something else made stays as it is.
DO $guard$ BEGIN
  IF ${isUsed(schema)}
     AND (to_regclass('"${schema}".migrations') IS NULL OR to_regclass('"${schema}".migrations')
          IS DISTINCT FROM (SELECT c.oid FROM pg_class AS c JOIN pg_description AS d
                            ON d.objoid = c.oid AND d.objsubid = 0 AND d.description = '${comment}'
                            WHERE c.oid = to_regclass('"${schema}".migrations')))
  THEN
    RAISE EXCEPTION 'schema "${schema}" belongs to another program' USING ERRCODE = '${foreignCode}',
      HINT = 'choose another name with --schema';
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
      applied_at  timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON TABLE migrations IS '${comment}';
  END IF;
END $migrations$`,
  ...migrations.map(({ id, isBreaking, name, text }) =>
    `DO $migration$ BEGIN
IF EXISTS (SELECT FROM migrations WHERE id = ${id}) THEN RETURN; END IF;
${text.trimEnd()}
INSERT INTO migrations (id, name, is_breaking) VALUES (${id}, '${name}', ${isBreaking});
END $migration$`
  )
]

/** Whether anything stands in the schema; an empty one is free to use. */
const isUsed = (schema: string): string =>
  `(EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('"${schema}"'))
      OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = to_regnamespace('"${schema}"'))
      OR EXISTS (SELECT FROM pg_type WHERE typnamespace = to_regnamespace('"${schema}"')))`

/** How many of the statements come before the migrations. */
const preamble = 4

const comment = "what pgq, the job queue, has installed here"

const appliedIds = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ id: number }>`SELECT id FROM ${sql(`${schema}.migrations`)}`.pipe(
    Effect.mapError(storeError("check"))
  )
  return new Set(rows.map(({ id }) => id))
})

const refuseAhead = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const [newer] = yield* sql<{ name: string }>`
    SELECT name FROM ${sql(`${schema}.migrations`)}
    WHERE id > ${version()} AND is_breaking ORDER BY id DESC LIMIT 1
  `.pipe(Effect.mapError(storeError("check")))
  if (newer !== undefined) {
    return yield* new SchemaUnfit({
      schema,
      reason: "ahead",
      detail: `schema "${schema}" was migrated by a newer pgq (${newer.name}); update this one`
    })
  }
})

const refusal = (schema: string, error: SqlError.SqlError): SchemaUnfit | StoreError => {
  const failure = storeError("migrate")(error)
  return failure.code === foreignCode ? foreign(schema) : failure
}

const foreign = (schema: string) =>
  new SchemaUnfit({
    schema,
    reason: "foreign",
    detail: `schema "${schema}" belongs to another program; choose another name with --schema`
  })

const checkName = (schema: string): Effect.Effect<void, SettingInvalid> =>
  /^[a-z_][a-z0-9_]{0,30}$/.test(schema) && !schema.startsWith("pg_")
    ? Effect.void
    : Effect.fail(
      new SettingInvalid({
        setting: "schema",
        issue: `"${schema}" must be up to 31 of a-z, 0-9 and _, not starting with a digit or pg_`
      })
    )
