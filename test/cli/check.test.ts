/**
 * `pgq check` reports everything that would keep a worker from its work, and leaves no trace.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgRoles from "../../src/layers/postgres/PgRoles.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Roles from "../support/Roles.ts"
import * as Pgq from "./Pgq.ts"

const checked = (url: string, schema: string) => Pgq.run(["check", "-c", url, "--schema", schema])

/** The lines of warnings and failures, and the exit code. */
const complaints = (url: string, schema: string) =>
  Effect.map(checked(url, schema), ({ code, stderr, stdout }) => {
    assert.strictEqual(stderr, "")
    return [...stdout.split("\n").filter((line) => /^(warn|FAIL)/.test(line)), `exit ${code}`]
  })

/** The content of the schema: the rows of each table, and the last value of each sequence. */
const traces = (schema: string) =>
  PgClient.PgClient.use((sql) =>
    sql`
      SELECT relname AS name,
             CASE relkind
               WHEN 'S' THEN (SELECT last_value::text FROM pg_sequences
                              WHERE schemaname = ${schema} AND sequencename = relname)
               WHEN 'r' THEN (xpath('//text()', query_to_xml(
                 format('SELECT string_agg(t::text, ''|'') FROM %s AS t', pg_class.oid::regclass),
                 true, true, '')))[1]::text
             END AS content
      FROM pg_class WHERE relnamespace = ${schema}::text::regnamespace ORDER BY relname
    `
  )

/** A statement that damages a schema, and the line that `pgq check` prints for the damage. */
const damages: Readonly<Record<string, readonly [statement: string, line: RegExp]>> = {
  "a trigger is disabled": [
    "ALTER TABLE %.jobs DISABLE TRIGGER \"~announce\"",
    /^FAIL  schema .*announce of jobs is disabled; ALTER TABLE .* ENABLE TRIGGER "~announce"$/
  ],
  "all triggers are disabled but one": [
    "ALTER TABLE %.jobs DISABLE TRIGGER \"~first_state\"",
    /^FAIL  schema .*first_state of jobs is disabled/
  ],
  "a trigger is gone": [
    "DROP TRIGGER \"~announce\" ON %.jobs",
    /^FAIL  schema .*announce of jobs is missing; make it again as pgq schema prints it$/
  ],
  "an index is gone": [
    "DROP INDEX %.jobs_head",
    /^FAIL  schema .*missing: jobs_head; make them again as pgq schema prints them$/
  ],
  "a function is gone": [
    "DROP FUNCTION %.forget",
    /^FAIL  schema .*missing: forget\(\); make them again/
  ],
  "a function is no longer what it was": [
    "DROP FUNCTION %.has_unannounced; ALTER FUNCTION %.require_read_committed RENAME TO other",
    /^FAIL  schema .*missing: has_unannounced\(\), require_read_committed\(\);/
  ],
  "functions were replaced by hand": [
    "ALTER FUNCTION %.settle RESET ALL; ALTER FUNCTION %.announce SECURITY INVOKER",
    /^FAIL  schema .*without their settings or rights: announce\(\), settle\(\); run pgq migrate$/
  ],
  "a step fails": [
    `CREATE OR REPLACE FUNCTION %.require_read_committed() RETURNS void
     LANGUAGE sql AS 'SELECT 1 / 0'`,
    /^FAIL  work .*cannot claim, .*: division by zero$/
  ],
  "a trigger swallows jobs": [
    `CREATE FUNCTION %.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER nothing BEFORE INSERT ON %.jobs FOR EACH ROW EXECUTE FUNCTION %.nothing()`,
    /^FAIL  work .*cannot add a job: a trigger of jobs swallowed it$/
  ],
  "it has a migration too few": [
    "DELETE FROM %.migrations WHERE id = (SELECT max(id) FROM %.migrations)",
    /^FAIL  schema .*lacks 00\d\d_\w+; run pgq migrate$/
  ],
  "a newer pgq was there": [
    "INSERT INTO %.migrations VALUES (9999, '9999_new', true)",
    /^FAIL  schema .*was migrated by a newer pgq \(9999_new\); update this one$/
  ]
}

/** Settings of a role, with the exit code and the line that `pgq check` gives for each. */
const settings: Readonly<Record<string, readonly [code: number, line: RegExp]>> = {
  "default_transaction_isolation = 'serializable'": [
    1,
    /^FAIL  work .*cannot claim, .*READ COMMITTED, not SERIALIZABLE \(ALTER ROLE/
  ],
  "default_transaction_isolation = 'repeatable read'": [
    1,
    /^FAIL  work .*cannot claim, .*READ COMMITTED, not REPEATABLE READ \(ALTER ROLE/
  ],
  "default_transaction_read_only = on": [1, /^FAIL  server .*read-only here; ALTER ROLE/],
  "session_replication_role = replica": [
    1,
    /^FAIL  server .*is replica, .*ALTER ROLE … RESET session_replication_role$/
  ],
  "statement_timeout = '1s'": [0, /^warn  server .*statement_timeout is 1000 ms: .*; ALTER ROLE/],
  "idle_session_timeout = '3s'": [0, /^warn  server .*idle_session_timeout is 3000 ms: /],
  "lock_timeout = '1s'": [0, /^warn  server .*lock_timeout is 1000 ms: /],
  "synchronous_commit = off": [0, /^warn  server .*a crash can lose the last jobs added$/]
}

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("check", (it) => {
  it.effect("names what it looked at, and no password", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { password, searchParams } = new URL(flags[1]!)

      const { code, stderr, stdout } = yield* Pgq.run(["check", ...flags])

      for (
        const what of ["settings", "connection", "server", "schema", "rights", "work", "ids"]
      ) {
        assert.match(stdout, new RegExp(`^ok    ${what} `, "m"))
      }
      assert.notInclude(stdout, searchParams.get("password") ?? (password || "no password"))
      assert.deepStrictEqual([code, stderr], [0, ""])
    }))

  it.effect("leaves nothing, not even a gap in the ids or a day of history", () =>
    Effect.gen(function*() {
      const { flags, name } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`SELECT ${sql(`${name}.enqueue`)}('a', key => 'k')`
      yield* sql.unsafe(`
        DO $$ BEGIN
          EXECUTE format('DROP TABLE "${name}".%I',
            'completed_jobs_' || to_char((now() AT TIME ZONE 'UTC')::date + 7, 'YYYYMMDD'));
        END $$`).unprepared
      const before = yield* traces(name)

      const { code } = yield* Pgq.run(["check", ...flags])

      assert.strictEqual(code, 0)
      assert.isAbove(before.length, 30)
      assert.deepStrictEqual(yield* traces(name), before)
    }))

  it.effect("says how a pooler without prepared statements is dealt with", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema

      const { code, stdout } = yield* Pgq.run(["check", ...flags], {
        env: { PGQ_PREPARE: "false" }
      })

      assert.match(stdout, /wake-ups by poll/)
      assert.match(stdout, /prepare=false/)
      assert.strictEqual(code, 0)
    }))

  it.effect("fails where the schema is missing", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase

      const [line, end] = yield* complaints(url, "nothing_here")

      assert.match(line!, /^FAIL  schema .*run pgq migrate/)
      assert.strictEqual(end, "exit 1")
    }))

  for (const [what, [statement, line]] of Object.entries(damages)) {
    it.effect(`fails where ${what}`, () =>
      Effect.gen(function*() {
        const { flags: [, url], name } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        for (const text of statement.replaceAll("%", name).split(/;(?!')(?! END)/)) {
          yield* sql.unsafe(text).unprepared
        }

        const found = yield* complaints(url!, name)

        assert.lengthOf(found, 2, found.join("\n"))
        assert.match(found[0]!, line)
        assert.strictEqual(found[1], "exit 1")
      }))
  }

  it.effect("says what mends a schema that was renamed, and that mends it", () =>
    Effect.gen(function*() {
      const { flags: [, url], name } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const other = `${name}_new`
      yield* sql`ALTER SCHEMA ${sql(name)} RENAME TO ${sql(other)}`

      const renamed = yield* complaints(url!, other)
      const mend = /run pgq (.*)$/.exec(renamed[0]!)?.[1]?.split(" ") ?? []
      const { stderr } = yield* Pgq.run([...mend, "-c", url!])
      const mended = yield* complaints(url!, other)
      yield* sql`SELECT ${sql(`${other}.enqueue`)}('a', key => 7)`

      assert.match(renamed[0]!, /^FAIL  schema .*had another name, .*run pgq migrate --schema /)
      assert.deepStrictEqual([renamed[1], mended], ["exit 1", ["exit 0"]])
      assert.match(stderr, /renamed schema/)
    }))

  for (const [setting, [code, line]] of Object.entries(settings)) {
    it.effect(`says so where a role has ${setting}`, () =>
      Effect.gen(function*() {
        const { login, schema, url } = yield* Roles.make
        // Only a superuser may change some of these settings.
        yield* Postgres.asAdmin((sql) =>
          sql.unsafe(`ALTER ROLE ${login("operator")} SET ${setting}`).unprepared
        )
        yield* Postgres.asAdmin((sql) =>
          sql`GRANT ${sql(PgRoles.nameOf(schema, "worker"))} TO ${sql(login("operator"))}`
        )

        const found = yield* complaints(url("operator"), schema)

        assert.lengthOf(found, 2, found.join("\n"))
        assert.match(found[0]!, line)
        assert.strictEqual(found[1], `exit ${code}`)
      }))
  }

  it.effect("outlives a statement_timeout that is shorter than its own work", () =>
    Effect.gen(function*() {
      const { login, schema, url } = yield* Roles.make
      yield* Postgres.asAdmin((sql) =>
        sql.unsafe(`ALTER ROLE ${login("worker")} SET statement_timeout = '20ms'`).unprepared
      )
      const sql = yield* PgClient.PgClient
      yield* sql.unsafe(`
        CREATE OR REPLACE FUNCTION "${schema}".require_read_committed() RETURNS void
        LANGUAGE sql AS 'SELECT FROM pg_sleep(0.05)'`).unprepared

      const found = yield* complaints(url("worker"), schema)

      assert.match(found[0]!, /^warn  server .*statement_timeout is 20 ms/)
      assert.strictEqual(found.at(-1), "exit 0")
    }))
})

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "check of a role",
  (it) => {
    it.effect("is content with one of a worker, and says that it adds no jobs", () =>
      Effect.gen(function*() {
        const { schema, url } = yield* Roles.make

        const found = yield* complaints(url("worker"), schema)

        assert.lengthOf(found, 2, found.join("\n"))
        assert.match(
          found[0]!,
          /^warn  rights .*adds no jobs; GRANT "\w+_producer" TO \w+_worker_login;/
        )
        assert.strictEqual(found[1], "exit 0")
      }))

    for (const role of ["producer", "operator", "reader"] as const) {
      it.effect(`says what one of a ${role} lacks to work`, () =>
        Effect.gen(function*() {
          const { schema, url } = yield* Roles.make

          const found = yield* complaints(url(role), schema)

          assert.lengthOf(found, 2, found.join("\n"))
          assert.match(
            found[0]!,
            /^FAIL  rights .*EXECUTE on claim, .*; GRANT "\w+_worker" TO \w+_login;/
          )
          assert.match(found[0]!, /DELETE on leases/)
          assert.strictEqual(found[1], "exit 1")
        }))
    }

    for (
      const lacking of [
        "DELETE ON TABLE leases",
        "INSERT ON TABLE finished_jobs",
        "SELECT ON TABLE settings",
        "EXECUTE ON FUNCTION prune_completed()",
        "EXECUTE ON FUNCTION settle"
      ]
    ) {
      it.effect(`says that a worker lacks ${lacking}`, () =>
        Effect.gen(function*() {
          const { schema, url } = yield* Roles.make
          const sql = yield* PgClient.PgClient
          const role = PgRoles.nameOf(schema, "worker")
          const [privilege, kind, what] = lacking.split(/ ON | (?=\w+(?:\(\))?$)/)
          yield* sql.unsafe(`REVOKE ${privilege} ON ${kind} "${schema}".${what} FROM ${role}`)

          const found = yield* complaints(url("worker"), schema)

          assert.include(found[0]!, `${privilege} on ${what!.replace("()", "")}`)
          assert.strictEqual(found.at(-1), "exit 1")
        }))
    }

    it.effect("says what one without any right is to do", () =>
      Effect.gen(function*() {
        const { login, schema, url } = yield* Roles.make
        yield* Postgres.asAdmin((sql) =>
          sql`REVOKE ${sql(PgRoles.nameOf(schema, "reader"))} FROM ${sql(login("reader"))}`
        )

        const found = yield* complaints(url("reader"), schema)

        assert.match(
          found[0]!,
          /^FAIL  schema .*permission denied for .*; GRANT "\w+_worker" TO \w+_reader_login$/
        )
        assert.deepStrictEqual([found.length, found[1]], [2, "exit 1"])
      }))

    it.effect("says that row-level security hides jobs from it, or from others", () =>
      Effect.gen(function*() {
        const { schema, url } = yield* Roles.make
        const { url: owner } = yield* Postgres.TestDatabase
        const sql = yield* PgClient.PgClient
        yield* sql`ALTER TABLE ${sql(`${schema}.leases`)} ENABLE ROW LEVEL SECURITY`

        const found = yield* complaints(url("worker"), schema)
        const owned = yield* complaints(owner, schema)

        const line = /row-level security hides rows of leases from .*; ALTER TABLE .* DISABLE ROW/
        assert.isTrue(found.some((text) => text.startsWith("FAIL  schema") && line.test(text)))
        assert.strictEqual(found.at(-1), "exit 1")
        assert.match(owned[0]!, line)
        assert.deepStrictEqual([owned.length, owned[1]], [2, "exit 0"])
      }))

    it.effect("says that the owner of a step does not own what it works on", () =>
      Effect.gen(function*() {
        const { login, schema, url } = yield* Roles.make
        // A plain role cannot give its table to a role of which it is not a member.
        yield* Postgres.asAdmin((sql) =>
          sql`ALTER TABLE ${sql(`${schema}.failed_jobs`)} OWNER TO ${sql(login("reader"))}`
        )

        const found = yield* complaints(url("worker"), schema)

        assert.match(
          found[0]!,
          /^FAIL  rights .* owns .*prune_failed.*, but not the schema and all/
        )
        assert.strictEqual(found.at(-1), "exit 1")
      }))

    it.effect("fails where the next id is one that there is already", () =>
      Effect.gen(function*() {
        const { flags, name, table } = yield* Pgq.schema
        const sql = yield* PgClient.PgClient
        const check = Pgq.run(["check", ...flags])
        const fresh = yield* check
        yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('a'), ('b'), ('c')`

        const used = yield* check
        yield* sql`SELECT setval(${`${name}.jobs_id_seq`}::text::regclass, 1)`
        const behind = yield* check
        yield* sql`
          INSERT INTO ${table("finished_jobs")} (id, created_at, claimed_at, finished_at, priority,
            attempt, outcome, queue, name, payload, lease_id)
          SELECT 7, now(), now(), now(), 0, 1, 'completed', 'default', 'a', '{}', gen_random_uuid()`
        const further = yield* check
        yield* sql.unsafe(/run (SELECT .*)/.exec(further.stdout)?.[1] ?? "").unprepared
        const mended = yield* check

        const codes = [fresh, used, behind, further, mended].map(({ code }) => code)
        assert.deepStrictEqual(codes, [0, 0, 1, 1, 0])
        assert.include(
          behind.stdout,
          "FAIL  ids         there are jobs up to id 3, but the next one would get id 2; " +
            `run SELECT setval('${name}.jobs_id_seq', 3)\n`
        )
        assert.match(further.stdout, /jobs up to id 7, but the next one would get id 2;/)
        assert.match(mended.stdout, /^ok {4}ids /m)
      }))
  }
)
