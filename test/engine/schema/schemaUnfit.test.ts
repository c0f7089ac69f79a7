/**
 * Schemas that this version of pgq must not touch, or cannot work with.
 *
 * Tests `src/layers/postgres/PgSchema.ts` and `src/layers/postgres/PgMigrations.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import * as Postgres from "../../support/Postgres.ts"
import { options, start } from "../Live.ts"

const freshName = Effect.sync(() => `s_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`)

const relations = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    sql`SELECT relname FROM pg_class WHERE relnamespace = ${schema}::text::regnamespace`
  )

/** Objects that other programs keep in their schemas. */
const contents = {
  "a table": "CREATE TABLE %.queue (id integer)",
  "migrations of its own": "CREATE TABLE %.migrations (id integer)",
  "nothing but a function": "CREATE FUNCTION %.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
  "nothing but a type": "CREATE TYPE %.mood AS ENUM ('good')"
}

layer(Postgres.layer, options)("a schema", (it) => {
  for (const [what, statement] of Object.entries(contents)) {
    it.effect(`of another program, with ${what}, stays as it is`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const schema = yield* freshName
        yield* sql`CREATE SCHEMA ${sql(schema)}`
        yield* sql.unsafe(statement.replace("%", schema))
        const before = yield* relations(schema)

        const errors = yield* Effect.all([
          Effect.flip(PgSchema.migrate({ schema })),
          Effect.flip(PgSchema.check({ schema }))
        ])

        for (const error of errors) {
          assert.deepInclude(error, { _tag: "SchemaUnfit", reason: "foreign" })
          assert.match(error.message, /belongs to another program; choose another name/)
        }
        assert.deepStrictEqual(yield* relations(schema), before)
      }))
  }

  it.effect("that is missing is refused with what to do", () =>
    Effect.gen(function*() {
      const schema = yield* freshName

      const error = yield* Effect.flip(start(Layer.empty, {
        schema
      }))

      assert.deepInclude(error, { _tag: "SchemaUnfit", reason: "missing" })
      assert.match(error.message, new RegExp(`no schema "${schema}".*; run pgq migrate`))
    }))

  it.effect("that is behind is refused with what it lacks", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshName
      yield* PgSchema.migrate({ schema })
      yield* sql`DELETE FROM ${sql(`${schema}.migrations`)} WHERE id = ${PgSchema.version()}`

      const error = yield* Effect.flip(PgSchema.check({ schema }))

      assert.deepInclude(error, { _tag: "SchemaUnfit", reason: "behind" })
      assert.match(error.message, /lacks 0\d{3}_\w+; run pgq migrate/)
    }))

  it.effect("that a newer pgq has broken with is refused", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshName
      yield* PgSchema.migrate({ schema })
      yield* sql`INSERT INTO ${sql(`${schema}.migrations`)} VALUES (9999, '9999_new', true)`

      for (const step of [PgSchema.migrate({ schema }), PgSchema.check({ schema })]) {
        const error = yield* Effect.flip(step)
        assert.deepInclude(error, { _tag: "SchemaUnfit", reason: "ahead" })
        assert.match(error.message, /was migrated by a newer pgq \(9999_new\); update this one/)
      }
    }))

  for (
    const [what, change] of Object.entries({
      "another text": "UPDATE %.migrations SET checksum = 'other' WHERE id = 2",
      "no record of its text": "ALTER TABLE %.migrations DROP COLUMN checksum"
    })
  ) {
    it.effect(`with a migration of ${what} is refused, and stays as it is`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const schema = yield* freshName
        yield* PgSchema.migrate({ schema })
        yield* sql.unsafe(change.replace("%", schema))
        const before = yield* relations(schema)

        for (const step of [PgSchema.migrate({ schema }), PgSchema.check({ schema })]) {
          const error = yield* Effect.flip(step)
          assert.deepInclude(error, { _tag: "SchemaUnfit", reason: "changed" })
          assert.match(
            error.message,
            /made by a pgq whose 000\d_\w+ is not this one's; work on it with/
          )
        }
        assert.deepStrictEqual(yield* relations(schema), before)
      }))
  }

  it.effect("that a newer pgq has only added to is good", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshName
      yield* PgSchema.migrate({ schema })
      yield* sql`INSERT INTO ${sql(`${schema}.migrations`)} VALUES (9999, '9999_more', false)`

      yield* PgSchema.check({ schema })
      assert.deepStrictEqual(yield* PgSchema.migrate({ schema }), [])
    }))
})
