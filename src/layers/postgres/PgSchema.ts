/**
 * The schema in the database: printed, installed, brought up to date, and checked.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { SchemaUnfit, SettingInvalid, type StoreError } from "../../domain/Errors.ts"
import * as EventLog from "../effects/EventLog.ts"
import { lossAsFailure, storeError } from "./PgError.ts"
import { foreignCode, isUsed, lost, migrations, preamble, statements } from "./PgMigrations.ts"
import { withTimeout } from "./QueryTimeout.ts"

/**
 * The schema of pgq where none is named.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = Effect.logInfo(`pgq's tables are in ${PgSchema.defaultSchema}`)
 * ```
 */
export const defaultSchema = "pgq"

/** The schema of pgq's tables. */
export interface Options {
  /**
   * The schema that holds pgq's tables: up to 31 of a-z, 0-9 and _, not starting with a digit or
   * pg_. Defaults to "pgq".
   */
  readonly schema?: string | undefined
}

/**
 * The whole schema as a script for `psql`: complete, idempotent, one transaction. Fails as
 * `SettingInvalid` where the name of the schema cannot be one.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = Effect.map(PgSchema.script({ schema: "pgq" }), (sql) => sql.length)
 * ```
 */
export const script = (
  { schema = defaultSchema }: Options = {}
): Effect.Effect<string, SettingInvalid> =>
  Effect.map(
    checkName(schema),
    () => ["BEGIN", ...statements(schema), "COMMIT", ""].join(";\n\n").trimEnd() + "\n"
  )

/**
 * The version of the newest migration this code knows.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = Effect.logInfo(`this pgq works on version ${PgSchema.version()}`)
 * ```
 */
export const version = (): number => migrations().at(-1)!.id

/**
 * Applies the migrations that are pending and answers with their names, in one transaction. Safe to
 * run from many places at once.
 *
 * Fails as `SchemaUnfit` where the schema belongs to another program or to a newer pgq, as
 * `SettingInvalid` where its name cannot be one, and as `StoreError` where the database refuses.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { PgSchema } from "pgq"
 *
 * export const program = Effect.flatMap(
 *   PgSchema.migrate(),
 *   (names) => Effect.logInfo(`applied ${names.length} migrations`)
 * )
 * ```
 */
export const migrate = Effect.fn("PgSchema.migrate")(
  function*({ schema = defaultSchema }: Options = {}): Effect.fn.Return<
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
      yield* refuseAhead(schema)
      const before = yield* appliedIds(schema)
      const renamed = yield* sql.unsafe(`SELECT WHERE EXISTS ${lost(schema)}`).unprepared
      yield* Effect.forEach(
        statements(schema).slice(preamble),
        (text) => sql.unsafe(text).unprepared
      )
      if (renamed.length > 0) {
        yield* EventLog.info("schema.renamed", {
          text: "the functions of the renamed schema use its new name now",
          fields: { schema }
        })
      }
      return migrations().filter(({ id }) => !before.has(id)).map(({ name }) => name)
    })
    return yield* lossAsFailure(sql.withTransaction(run)).pipe(
      Effect.catchTag("SqlError", (error) => Effect.fail(refusal(schema, error)))
    )
  }
)

/**
 * Fails unless the database holds the schema that this version works with: as `SchemaUnfit`, which
 * says what to do.
 *
 * @example
 * ```ts
 * import { PgSchema } from "pgq"
 *
 * export const program = PgSchema.check({ schema: "pgq" })
 * ```
 */
export const check = Effect.fn("PgSchema.check")(
  function*({ schema = defaultSchema }: Options = {}): Effect.fn.Return<
    void,
    SchemaUnfit | SettingInvalid | StoreError,
    PgClient.PgClient
  > {
    yield* checkName(schema)
    const sql = yield* PgClient.PgClient
    const found = yield* sql<{ used: boolean; migrations: boolean; renamed: boolean }>`
      SELECT ${sql.literal(isUsed(schema))} AS used,
             to_regclass(quote_ident(${schema}) || '.migrations') IS NOT NULL
             AND to_regclass(quote_ident(${schema}) || '.dirty_lanes') IS NOT NULL AS migrations,
             EXISTS ${sql.literal(lost(schema))} AS renamed
    `.pipe(withTimeout("check"))
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
    const pending = migrations().filter(({ id }) => !applied.has(id))
    if (pending.length > 0) {
      return yield* new SchemaUnfit({
        schema,
        reason: "behind",
        detail: `schema "${schema}" lacks ${
          pending.map(({ name }) => name).join(", ")
        }; run pgq migrate`
      })
    }
    if (found[0].renamed) {
      return yield* new SchemaUnfit({
        schema,
        reason: "renamed",
        detail: `schema "${schema}" had another name, and its functions still look for tables ` +
          `there; run pgq migrate --schema ${schema}`
      })
    }
  }
)

/** The ids of the applied migrations. Fails if one of them differs from the file here. */
const appliedIds = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  // The column is missing in a schema of an early version.
  const rows = yield* sql<{ id: number; name: string; checksum: string | null }>`
    SELECT id, name, to_jsonb(applied) ->> 'checksum' AS checksum
    FROM ${sql(`${schema}.migrations`)} AS applied ORDER BY id
  `.pipe(withTimeout("check"))
  const changed = rows.find(({ checksum, id }) =>
    migrations().some((known) => known.id === id && known.checksum !== checksum)
  )
  if (changed !== undefined) {
    return yield* new SchemaUnfit({
      schema,
      reason: "changed",
      detail: `schema "${schema}" was made by a pgq whose ${changed.name} is not this one's; ` +
        "work on it with that pgq, or choose another schema or database"
    })
  }
  return new Set(rows.map(({ id }) => id))
})

const refuseAhead = Effect.fnUntraced(function*(schema: string) {
  const sql = yield* PgClient.PgClient
  const [newer] = yield* sql<{ name: string }>`
    SELECT name FROM ${sql(`${schema}.migrations`)}
    WHERE id > ${version()} AND is_breaking ORDER BY id DESC LIMIT 1
  `.pipe(withTimeout("check"))
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
