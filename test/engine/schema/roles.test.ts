/**
 * The roles of a schema. Each role may do what the table of rights gives it, and nothing else.
 *
 * Tests `src/layers/postgres/PgRoles.ts` and `sql/settings.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Context, Deferred, Effect, Layer, Redacted, Schema } from "effect"
import type { SqlError } from "effect/sql"
import { readFileSync } from "node:fs"
import * as Job from "../../../src/layers/job/Job.ts"
import { storeError } from "../../../src/layers/postgres/PgError.ts"
import * as PgJobAdmin from "../../../src/layers/postgres/PgJobAdmin.ts"
import * as PgJobControl from "../../../src/layers/postgres/PgJobControl.ts"
import * as PgRoles from "../../../src/layers/postgres/PgRoles.ts"
import * as PgRolesScript from "../../../src/layers/postgres/PgRolesScript.ts"
import * as PgScheduler from "../../../src/layers/postgres/PgScheduler.ts"
import * as PgSchema from "../../../src/layers/postgres/PgSchema.ts"
import * as QueueLive from "../../../src/layers/QueueLive.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { eventually } from "../../Given.ts"
import * as Postgres from "../../support/Postgres.ts"
import * as Roles from "../../support/Roles.ts"
import { options, start } from "../Live.ts"

interface Relation {
  readonly name: string
  readonly columns: ReadonlyArray<string>
  readonly isView: boolean
}

/** The tables and views of the schema. Partitions are left out, as their parents give access. */
const relations = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    sql<Relation>`
      SELECT relname AS name, relkind = 'v' AS "isView", array_agg(attname::text) AS columns
      FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
      WHERE relnamespace = ${schema}::text::regnamespace AND relkind IN ('r', 'p', 'v')
        AND relname !~ '_(other|\\d{8})$'
      GROUP BY relname, relkind ORDER BY relname
    `
  )

const functions = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    sql<{ name: string; call: string; is_trigger: boolean }>`
      SELECT proname AS name, prorettype = 'trigger'::regtype AS is_trigger,
             format('SELECT %I.%I(%s)', ${schema}::text, proname, (
               SELECT string_agg(
                 CASE WHEN provariadic <> 0 AND ord = pronargs THEN 'VARIADIC ' ELSE '' END
                   || 'NULL::' || format_type(type, NULL), ', ' ORDER BY ord)
               FROM unnest(proargtypes) WITH ORDINALITY AS argument(type, ord)
             )) AS call
      FROM pg_proc WHERE pronamespace = ${schema}::text::regnamespace ORDER BY proname
    `
  )

/** Whether the role may run the statement. EXPLAIN checks the rights, and runs nothing. */
const may = (sql: PgClient.PgClient, statement: string) =>
  Effect.match(sql.unsafe(`EXPLAIN ${statement}`).unprepared, {
    onSuccess: () => true,
    onFailure: (error) => isDenied(error) ? false : `neither: ${storeError(statement)(error)}`
  })

const isDenied = (error: SqlError.SqlError) => storeError("")(error).code === "42501"

/** All statements to try on a relation, each with its privilege and its column. */
const attempts = (schema: string, { columns, isView, name }: Relation) => {
  const table = `"${schema}"."${name}"`
  const reads = columns.map((column) => ["SELECT", column, `SELECT "${column}" FROM ${table}`])
  if (isView) return reads
  return [
    ...reads,
    ...columns.flatMap((column) => [
      ["INSERT", column, `INSERT INTO ${table} ("${column}") VALUES (DEFAULT)`],
      ["UPDATE", column, `UPDATE ${table} SET "${column}" = DEFAULT`]
    ]),
    ["DELETE", "", `DELETE FROM ${table}`]
  ]
}

/** Whether the table of rights gives the role this privilege. */
const isMeant = (role: PgRoles.Role, relation: string, privilege: string, column: string) =>
  Object.entries(PgRoles.roles[role].relations).some(([what, privileges]) => {
    const [table, columns] = what.split(/ \(|\)/)
    return table === relation && privileges.some((one) => one === privilege) &&
      (columns === undefined || columns.split(", ").includes(column))
  })

const documented = (role: PgRoles.Role, relation: string): string => {
  const cell = Object.entries(PgRoles.roles[role].relations).flatMap(([what, privileges]) => {
    const [table, columns] = what.split(/ (?=\()/)
    if (table !== relation) return []
    return `${privileges.join(", ").toLowerCase()}${columns === undefined ? "" : ` \`${columns}\``}`
  })
  return cell.length === 0 ? " |" : ` ${cell.join(", ")} |`
}

const Task = Job.make("task", { payload: Schema.Unknown, backoffBase: "1 milli" })

const clientOf = (url: string) => PgClient.layer({ url: Redacted.make(url) })

layer(Postgres.layer, options)("a role", (it) => {
  it.effect("has a decision on each table and function of the schema", () =>
    Effect.gen(function*() {
      const schema = "decided"
      yield* PgSchema.migrate({ schema })
      const rights = Object.values(PgRoles.roles)

      const known = new Set(rights.flatMap((role) => Object.keys(role.relations)))
      const tables = (yield* relations(schema)).map(({ name }) => name)
      const called = [...rights.flatMap((role) => role.functions), ...PgRoles.internal]
      const there = (yield* functions(schema)).map(({ name }) => name)

      assert.deepStrictEqual(tables.filter((name) => !known.has(name)), [])
      assert.sameMembers([...new Set(called)], [...new Set(there)])
    }))

  it("has its rights in the documentation", () => {
    const page = readFileSync("docs/reference/roles.md", "utf8")
    const rights = PgRoles.names.flatMap((role) => Object.entries(PgRoles.roles[role].relations))
    const relations = [...new Set(rights.map(([what]) => what.split(" ")[0]!))].toSorted()
    for (const relation of relations) {
      const cells = PgRoles.names.map((role) => documented(role, relation))
      assert.include(page, `| \`${relation}\` |${cells.join("")}\n`)
    }
  })

  for (const role of PgRoles.names) {
    it.effect(`of a ${role} may do what is its own in each table, and nothing else`, () =>
      Effect.gen(function*() {
        const { as, schema } = yield* Roles.make
        const sql = yield* as(role)
        const tried: Array<string> = []
        const meant: Array<string> = []
        for (const relation of yield* relations(schema)) {
          for (const [privilege, column, statement] of attempts(schema, relation)) {
            const what = `${privilege} ${relation.name}.${column}`
            tried.push(`${what}: ${yield* may(sql, statement!)}`)
            meant.push(`${what}: ${isMeant(role, relation.name, privilege!, column!)}`)
          }
          if (relation.isView) continue
          const truncate = sql`TRUNCATE ${sql(`${schema}.${relation.name}`)}`
          assert.isTrue(isDenied(yield* Effect.flip(truncate)), `TRUNCATE ${relation.name}`)
        }
        assert.deepStrictEqual(tried, meant)
      }))

    it.effect(`of a ${role} may call its own functions, and no others`, () =>
      Effect.gen(function*() {
        const { as, schema } = yield* Roles.make
        const sql = yield* as(role)
        for (const { call, is_trigger, name } of yield* functions(schema)) {
          // A trigger function cannot be called. A role that may execute the function could use it
          // in a trigger on its own table.
          const [row] = yield* sql<{ may: boolean }>`
            SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) AS may FROM pg_proc
            WHERE pronamespace = ${schema}::text::regnamespace AND proname = ${name}
          `
          const isAllowed = is_trigger ? row!.may : yield* may(sql, call)
          assert.strictEqual(isAllowed, PgRoles.roles[role].functions.includes(name), name)
        }
      }))

    it.effect(`of a ${role} makes nothing in the schema`, () =>
      Effect.gen(function*() {
        const { as, schema } = yield* Roles.make
        const sql = yield* as(role)

        const table = sql`CREATE TABLE ${sql(`${schema}.mine`)} (id integer)`
        const trigger = sql`CREATE TRIGGER mine AFTER INSERT ON ${sql(`${schema}.jobs`)}
          EXECUTE FUNCTION suppress_redundant_updates_trigger()`

        assert.isTrue(isDenied(yield* Effect.flip(table)))
        assert.isTrue(isDenied(yield* Effect.flip(trigger)))
      }))
  }

  it.effect("of a producer adds jobs in each way, and one of a worker runs them all", () =>
    Effect.gen(function*() {
      const { as, schema, url } = yield* Roles.make
      const owner = yield* PgClient.PgClient
      const sql = yield* as("producer")
      const jobs = sql(`${schema}.jobs`)
      const runs: Array<string> = []
      const handlers = Task.toLayer((payload) => {
        runs.push(String(payload))
        return runs.filter((one) => one === payload).length === 1 && payload === "again"
          ? Effect.fail("once more")
          : Effect.void
      })

      const worker = yield* Layer.build(clientOf(url("worker")))
      yield* start(handlers, { schema }).pipe(Effect.provideContext(worker))
      yield* Effect.gen(function*() {
        yield* enqueue(Task, "by code")
        yield* enqueue(Task, "again", { key: "k" })
      }).pipe(
        Effect.provide(QueueLive.client({ schema }).pipe(Layer.provide(clientOf(url("producer")))))
      )
      yield* sql`INSERT INTO ${jobs} (name, payload) VALUES ('task', '"by insert"')`
      yield* sql`
        INSERT INTO ${jobs} (name, payload, serialization_key, run_at)
        VALUES ('task', '"later"', 'k', now() + interval '50 milliseconds') RETURNING id
      `
      yield* sql`SELECT ${sql(`${schema}.enqueue`)}('task', '"by call"', key => 'k')`

      yield* eventually(Effect.gen(function*() {
        const rows = yield* owner<{ outcome: string }>`
          SELECT outcome FROM ${owner(`${schema}.finished_jobs`)}
        `
        assert.deepStrictEqual(rows.map(({ outcome }) => outcome), Array(5).fill("completed"))
      }))
      assert.sameMembers(runs, ["by code", "again", "again", "by insert", "later", "by call"])
    }))

  it.effect("of a worker keeps history, of which it owns nothing", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const sql = yield* PgClient.PgClient
      const today = sql.literal(`to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')`)
      const days = sql<{ old: boolean; days: number }>`
        SELECT coalesce(bool_or(relname = 'completed_jobs_20200101'), false) AS old,
               count(*) FILTER (WHERE right(relname, 8) >= ${today})::integer AS days
        FROM pg_class
        WHERE relnamespace = ${schema}::text::regnamespace AND relname ~ '^completed_jobs_\\d{8}$'
      `
      yield* sql.unsafe(`
        DO $$ BEGIN
          EXECUTE format('DROP TABLE "${schema}".%I',
            'completed_jobs_' || to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD'));
        END $$`).unprepared
      yield* sql.unsafe(`
        CREATE TABLE "${schema}".completed_jobs_20200101 PARTITION OF "${schema}".completed_jobs
        FOR VALUES FROM ('2020-01-01 00:00Z') TO ('2020-01-02 00:00Z')`).unprepared
      const before = yield* days

      yield* Scheduler.use(({ prune }) => prune).pipe(
        Effect.provide(PgScheduler.layer({ schema }).pipe(Layer.provide(clientOf(url("worker")))))
      )

      assert.deepStrictEqual([before, yield* days], [
        [{ old: true, days: 7 }],
        [{ old: false, days: 8 }]
      ])
    }))

  it.effect("of an operator looks, changes, deletes and tries again", () =>
    Effect.gen(function*() {
      const { as, schema, url } = yield* Roles.make
      const sql = yield* as("operator")
      const jobs = sql(`${schema}.jobs`)
      const states = sql(`${schema}.job_states`)
      const add = (key: string) =>
        sql`SELECT ${sql(`${schema}.enqueue`)}('task', key => ${key}, queue => 'q')`
      yield* add("a")
      yield* add("b")

      yield* sql`UPDATE ${jobs} SET priority = 7 WHERE serialization_key = 'a'`
      yield* sql`DELETE FROM ${jobs} WHERE serialization_key = 'b'`
      yield* sql`UPDATE ${sql(`${schema}.settings`)} SET keep_completed = '2 days'`
      const left = yield* sql`SELECT priority FROM ${states} WHERE queue = 'q'`
      const counts = yield* JobAdmin.use((admin) => admin.counts).pipe(
        Effect.provide(PgJobAdmin.layer({ schema }).pipe(Layer.provide(clientOf(url("operator")))))
      )

      assert.deepStrictEqual(left, [{ priority: 7 }])
      assert.lengthOf(counts, 1)
    }))

  it.effect("of an operator cancels what waits and runs, and one of a worker heeds it", () =>
    Effect.gen(function*() {
      const { as, schema, url } = yield* Roles.make
      const operator = yield* as("operator")
      const worker = yield* as("worker")
      const of = (role: PgRoles.Role) =>
        Layer.provide(PgJobControl.layer({ schema }), clientOf(url(role)))
      const isRunning = yield* Deferred.make<void>()
      const handlers = Task.toLayer(() =>
        Effect.andThen(Deferred.succeed(isRunning, undefined), Effect.never)
      )
      const layers = yield* Layer.build(clientOf(url("worker")))
      yield* start(handlers, { schema }).pipe(Effect.provideContext(layers))
      const add = (queue: string) =>
        operator<{ id: bigint }>`
          SELECT ${operator(`${schema}.enqueue`)}('task', queue => ${queue}, key => 'k') AS id
        `
      const [[running], [waiting]] = [yield* add("default"), yield* add("elsewhere")]
      yield* Deferred.await(isRunning)

      const [answers, counts, before] = yield* JobControl.use((control) =>
        Effect.all([
          control.cancel([running!.id, waiting!.id]),
          control.cancelSome({ queue: "elsewhere" }, { after: 0n }),
          control.outcomeOf(waiting!.id)
        ])
      ).pipe(Effect.provide(of("operator")))
      yield* eventually(Effect.gen(function*() {
        const [row] = yield* operator<{ outcome: string }>`
          SELECT ${operator(`${schema}.ended_as`)}(${running!.id}) AS outcome
        `
        assert.strictEqual(row!.outcome, "cancelled")
      }))
      yield* worker`SELECT ${worker(`${schema}.forget`)}()`
      const refused = yield* JobControl.use((control) => Effect.flip(control.cancel([1n]))).pipe(
        Effect.provide(of("worker"))
      )

      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Stopping", "Cancelled"])
      assert.deepStrictEqual([counts.cancelled, before], [0, "cancelled"])
      assert.strictEqual(refused.code, "42501")
    }))

  it.effect("of an operator cancels, retries, edits and discards, and no other role does", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const sql = yield* PgClient.PgClient
      const control = (role: PgRoles.Role) =>
        Effect.map(
          Layer.build(PgJobControl.layer({ schema }).pipe(Layer.provide(clientOf(url(role))))),
          (context) => Context.get(context, JobControl)
        )
      const operator = yield* control("operator")
      const [row] = yield* sql<{ id: bigint }>`
        SELECT ${sql(`${schema}.enqueue`)}('task', key => 'k') AS id
      `
      const id = row!.id

      const [cancelled] = yield* operator.cancel([id])
      const [redriven] = yield* operator.retry([id])
      const edited = yield* operator.edit(id, { priority: 7, payload: "[]", start: { in: 60_000 } })
      const [retried] = yield* operator.retry([id])
      const [discarded] = yield* operator.discard([id])
      const { redriven: again } = yield* operator.retrySome({ outcome: "discarded" }, { after: 0n })

      assert.deepStrictEqual(
        [cancelled, redriven, edited, retried, discarded].map((answer) => answer?._tag),
        ["Cancelled", "Redriven", "Edited", "Retried", "Discarded"]
      )
      assert.strictEqual(again, 1)
      for (const role of ["producer", "worker", "reader"] as const) {
        const other = yield* control(role)
        const errors = [
          yield* Effect.flip(other.retry([id])),
          yield* Effect.flip(other.retrySome({}, { after: 0n })),
          yield* Effect.flip(other.discard([id])),
          yield* Effect.flip(other.edit(id, { priority: 1 }))
        ]
        assert.deepStrictEqual(errors.map(({ code }) => code), Array(4).fill("42501"), role)
      }
    }))

  it.effect("of a reader sees what people ask for", () =>
    Effect.gen(function*() {
      const { schema, url } = yield* Roles.make
      const admin = Context.get(
        yield* Layer.build(
          PgJobAdmin.layer({ schema }).pipe(Layer.provide(clientOf(url("reader"))))
        ),
        JobAdmin
      )
      const sql = yield* PgClient.PgClient
      yield* sql`SELECT ${sql(`${schema}.enqueue`)}('task')`

      assert.lengthOf(yield* admin.counts, 1)
      assert.deepStrictEqual(yield* admin.workers, [])
    }))

  it.effect("keeps its rights and gets no others when the script is run again by the owner", () =>
    Effect.gen(function*() {
      const { as, schema } = yield* Roles.make
      const sql = yield* PgClient.PgClient
      const jobs = sql(`${schema}.jobs`)
      yield* sql`GRANT DELETE ON ${jobs} TO ${sql(PgRoles.nameOf(schema, "reader"))}`

      for (const text of PgRolesScript.statements(schema)) yield* sql.unsafe(text).unprepared

      const reader = yield* as("reader")
      yield* reader`SELECT * FROM ${jobs}`
      assert.isTrue(isDenied(yield* Effect.flip(reader`DELETE FROM ${jobs}`)))
    }))
})
