/**
 * Installing pgq's schema, and refusing names that no schema may have.
 *
 * Tests `src/layers/postgres/PgSchema.ts` and `src/layers/postgres/PgMigrations.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readdirSync } from "node:fs"
import * as Job from "../../../src/layers/job/Job.ts"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { eventually } from "../../Given.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Session from "../../support/Session.ts"
import { options, start } from "../Live.ts"

const migrations = readdirSync("sql").filter((file) => /^\d.*\.sql$/.test(file))
  .map((file) => file.replace(".sql", "")).toSorted()

/** Each test has a schema of its own. */
const freshName = Effect.sync(() => `s_${crypto.randomUUID().replaceAll("-", "").slice(0, 12)}`)

/** The statements of a script, cut at the semicolons that stand outside of $-quotes. */
const statementsOf = (script: string): ReadonlyArray<string> => {
  let quote: string | undefined
  const statements = [""]
  for (const part of script.split(/(\$\w*\$|;|--.*$)/m)) {
    if (quote === undefined && part === ";") statements.push("")
    else if (quote !== undefined || !part.startsWith("--")) {
      statements.push(statements.pop() + part)
    }
    if (part === quote) quote = undefined
    else if (part.startsWith("$")) quote ??= part
  }
  return statements.map((statement) => statement.trim()).filter((statement) => statement !== "")
}

layer(Postgres.layer, options)("the schema", (it) => {
  it.effect("is installed once", () =>
    Effect.gen(function*() {
      const schema = yield* freshName

      const first = yield* PgSchema.migrate({ schema })
      const second = yield* PgSchema.migrate({ schema })

      assert.deepStrictEqual(first, migrations)
      assert.deepStrictEqual(second, [])
      yield* PgSchema.check({ schema })
    }))

  it.effect("is installed once by eight at the same time", () =>
    Effect.gen(function*() {
      const schema = yield* freshName

      const applied = yield* Effect.all(
        Array.from({ length: 8 }, () => PgSchema.migrate({ schema })),
        { concurrency: "unbounded" }
      )

      assert.deepStrictEqual(applied.flat(), migrations)
      yield* PgSchema.check({ schema })
    }))

  it.effect("is printed as a script that does the same, and nothing the second time", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      const schema = yield* freshName
      const script = statementsOf(yield* PgSchema.script({ schema }))

      for (const statement of [...script, ...script]) {
        yield* session.sql.unsafe(statement).unprepared
      }

      assert.deepStrictEqual([script[0], script.at(-1)], ["BEGIN", "COMMIT"])
      yield* PgSchema.check({ schema })
      assert.deepStrictEqual(yield* PgSchema.migrate({ schema }), [])
    }))

  it.effect("may have the name of a reserved word, beside another one", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const Greet = Job.make("greet", { payload: Schema.String })
      const ran: Array<string> = []
      for (const schema of ["order", "pgq"]) {
        yield* PgSchema.migrate({ schema })
        const handlers = Greet.toLayer((text) => void ran.push(`${schema}: ${text}`))
        yield* start(handlers, { schema })
        yield* enqueue(Greet, "code", { key: "k" }).pipe(
          Effect.provide(QueueLive.client({ schema }))
        )
      }
      yield* sql`SELECT "order".enqueue('greet', '"SQL"', key => 'k')`
      yield* sql`
        INSERT INTO "order".jobs (name, payload, run_at)
        VALUES ('greet', '"later"', now() + interval '50 milliseconds')
      `

      yield* eventually(Effect.sync(() => {
        const expected = ["order: SQL", "order: code", "order: later", "pgq: code"]
        assert.deepStrictEqual(ran.toSorted(), expected)
      }))
    }))

  it.effect("takes over an empty schema that somebody made for it", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const schema = yield* freshName
      yield* sql`CREATE SCHEMA ${sql(schema)}`

      const before = yield* Effect.flip(PgSchema.check({ schema }))
      yield* PgSchema.migrate({ schema })

      assert.deepInclude(before, { _tag: "SchemaUnfit", reason: "missing" })
      yield* PgSchema.check({ schema })
    }))

  for (const name of ["", "Pgq", "pg_queue", "a-b", "a\"b", "1st", "a".repeat(32)]) {
    it.effect(`may not be called ${JSON.stringify(name)}`, () =>
      Effect.gen(function*() {
        const errors = yield* Effect.all([
          Effect.flip(PgSchema.migrate({ schema: name })),
          Effect.flip(PgSchema.check({ schema: name })),
          Effect.flip(PgSchema.script({ schema: name }))
        ])

        for (const error of errors) assert.strictEqual(error._tag, "SettingInvalid")
      }))
  }
})
