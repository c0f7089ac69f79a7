/**
 * The settings of functions outlive each change of a function, because every `migrate` applies
 * sql/settings.sql again.
 *
 * Tests `sql/settings.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import * as Postgres from "../../support/Postgres.ts"
import { options } from "../Live.ts"

const freshSchema = Effect.gen(function*() {
  const schema = `s_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`
  yield* PgSchema.migrate({ schema })
  return schema
})

/** The catalog's entry of each function, with the transaction that wrote the entry last. */
const catalog = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    sql<{ name: string; written: string }>`
      SELECT proname AS name, xmin::text AS written, proconfig AS settings, prosecdef AS is_definer,
             proacl::text AS rights
      FROM pg_proc WHERE pronamespace = ${schema}::text::regnamespace ORDER BY proname, oid
    `
  )

const withoutWriter = (rows: ReadonlyArray<{ readonly written: string }>) =>
  rows.map((row) => ({ ...row, written: undefined }))

/** Replaces a function as a migration does: the new function has no settings. */
const replace = (schema: string, name: string) =>
  PgClient.PgClient.use(Effect.fnUntraced(function*(sql) {
    const [found] = yield* sql<{ text: string }>`
      SELECT pg_get_functiondef(oid) AS text FROM pg_proc
      WHERE pronamespace = ${schema}::text::regnamespace AND proname = ${name}
    `
    const text = found!.text.replaceAll(/^ SET .*\n| SECURITY DEFINER/gm, "")
    assert.notStrictEqual(text, found!.text)
    // A migration also runs with pgq's schema first in the search path.
    yield* sql.withTransaction(Effect.andThen(
      sql.unsafe(`SET LOCAL search_path TO ${schema}, pg_temp`),
      sql.unsafe(text).unprepared
    ))
  }))

layer(Postgres.layer, options)("the settings of functions", (it) => {
  it.effect("are there again after a migration that replaces functions", () =>
    Effect.gen(function*() {
      const schema = yield* freshSchema
      const before = withoutWriter(yield* catalog(schema))

      yield* Effect.forEach(["claim", "announce", "prune_failed"], (name) => replace(schema, name))
      const between = withoutWriter(yield* catalog(schema))
      yield* PgSchema.migrate({ schema })

      assert.notDeepEqual(between, before)
      assert.deepStrictEqual(withoutWriter(yield* catalog(schema)), before)
    }))

  it.effect("are there again after two migrations at once", () =>
    Effect.gen(function*() {
      const schema = yield* freshSchema
      const before = withoutWriter(yield* catalog(schema))
      yield* replace(schema, "claim")

      yield* Effect.all([PgSchema.migrate({ schema }), PgSchema.migrate({ schema })], {
        concurrency: "unbounded"
      })

      assert.deepStrictEqual(withoutWriter(yield* catalog(schema)), before)
    }))

  it.effect("are taken from PUBLIC again", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshSchema
      const before = withoutWriter(yield* catalog(schema))
      yield* sql.unsafe(`GRANT EXECUTE ON FUNCTION ${schema}.announce() TO PUBLIC`)

      yield* PgSchema.migrate({ schema })

      assert.deepStrictEqual(withoutWriter(yield* catalog(schema)), before)
    }))

  it.effect("are not written again by a migrate that changes nothing", () =>
    Effect.gen(function*() {
      const schema = yield* freshSchema
      const before = yield* catalog(schema)

      yield* PgSchema.migrate({ schema })

      assert.deepStrictEqual(yield* catalog(schema), before)
    }))

  it.effect("are left to a newer pgq, which has other functions", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshSchema
      yield* sql`INSERT INTO ${sql(`${schema}.migrations`)} VALUES (9999, '9999_more', false)`
      yield* replace(schema, "claim")
      const before = yield* catalog(schema)

      yield* PgSchema.migrate({ schema })

      assert.deepStrictEqual(yield* catalog(schema), before)
    }))

  it.effect("are no concern for a function of the user's in the schema", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshSchema
      yield* sql.unsafe(
        `CREATE FUNCTION ${schema}.of_the_user() RETURNS integer LANGUAGE sql AS 'SELECT 1'`
      ).unprepared
      const before = yield* catalog(schema)

      yield* PgSchema.migrate({ schema })

      assert.deepStrictEqual(yield* catalog(schema), before)
    }))
})
