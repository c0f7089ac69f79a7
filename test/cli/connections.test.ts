/**
 * The sources of a command's connection: connection strings, the environment, service files and
 * password files.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, existsSync } from "node:fs"
import { join } from "node:path"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

const migrated = (env: Readonly<Record<string, string>>, flags: ReadonlyArray<string> = []) =>
  Pgq.run(["migrate", ...flags], { env })

const escaped = (field: string) => field.replaceAll(/[\\:]/g, "\\$&")

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("connections", (it) => {
  it.effect("a service says what the variable leaves open, and the string goes before it", () =>
    Effect.gen(function*() {
      const { dbname, host, password, port, user } = yield* Postgres.parameters
      const { path, write } = yield* Pgq.folder
      const file = write(
        "services.conf",
        `# ours\n[other]\nhost=/nowhere\n\n[mine]\nhost=${host}\nport=${port}\nuser=${user}\n` +
          `dbname=nothing_here\npassword=${password}\n[last]\nhost=/nowhere\n`
      )
      const named = yield* migrated(
        { PGSERVICEFILE: file, PGHOST: "/nowhere" },
        ["-c", `service=mine dbname=${dbname}`]
      )
      write(
        "pg_service.conf",
        `[mine]\nhost=${host}\nport=${port}\nuser=${user}\ndbname=${dbname}\n`
      )
      const systems = yield* migrated({
        PGSERVICE: "mine",
        PGSYSCONFDIR: path,
        PGPASSWORD: password,
        HOME: path
      })

      assert.strictEqual(named.code, 0, named.stderr)
      assert.strictEqual(systems.code, 0, systems.stderr)
    }))

  it.effect("a service that is nowhere, or has what pgq does not know, is refused", () =>
    Effect.gen(function*() {
      const { path, write } = yield* Pgq.folder
      const file = write(
        "services.conf",
        "[a]\nhots=x\n[b]\nkrbsrvname=x\n[c]\nport\n[d]\nservice=a\n"
      )
      const issue = (service: string, env = {}) =>
        Effect.map(
          migrated({ PGSERVICE: service, PGSERVICEFILE: file, HOME: path, ...env }),
          ({ code, stderr }) => (assert.strictEqual(code, 1), stderr)
        )

      assert.include(yield* issue("a"), `unknown parameter "hots"`)
      assert.include(yield* issue("b"), "krbsrvname is not supported: pgq has no GSSAPI")
      assert.include(yield* issue("c"), "line 6 is not name=value")
      assert.include(yield* issue("d"), "names another service")
      assert.include(yield* issue("nope"), `no service "nope" in ${file} or `)
      assert.include(yield* issue("nope", { PGSERVICEFILE: "" }), join(path, ".pg_service.conf"))
      assert.isFalse(existsSync(join(path, ".local")))
    }))

  it.effect("a password file gives the password of the first line that fits", () =>
    Effect.gen(function*() {
      const { dbname, host, password, port, user } = yield* Postgres.parameters
      const { path, write } = yield* Pgq.folder
      const at = { PGHOST: host, PGPORT: port, PGUSER: user, PGDATABASE: dbname, HOME: path }
      const line = [host, port, dbname, user, password].map(escaped).join(":")
      const own = write(".pgpass", `#${line}\n*:*:*:somebody:wrong\n${line}\n*:*:*:*:wrong\n`)
      chmodSync(own, 0o600)
      const home = yield* migrated(at)
      const other = write("other", `*:*:*:*:${password.replaceAll("\\", "\\\\")}`)
      chmodSync(other, 0o600)
      const named = yield* migrated({ ...at, PGPASSFILE: other })
      const inString = yield* migrated({}, [
        "-c",
        `host=${host} port=${port} user=${user} dbname=${dbname} passfile=${other}`
      ])
      chmodSync(other, 0o640)
      const open = yield* migrated({ ...at, PGPASSFILE: other })

      for (const { code, stderr } of [home, named, inString]) assert.strictEqual(code, 0, stderr)
      assert.include(open.stderr, `the password file ${other} is ignored: others may read it`)
      assert.notInclude(open.stderr, password)
    }))

  it.effect.each([
    ["PGKRBSRVNAME", "postgres"],
    ["PGREQUIREPEER", "postgres"],
    ["PGGSSENCMODE", "require"],
    ["PGCLIENTENCODING", "LATIN1"],
    ["PGTARGETSESSIONATTRS", "sometimes"],
    ["PGSSLCERTMODE", "require"],
    ["PGMINPROTOCOLVERSION", "3.2"]
  ])("%s=%s is refused by name", ([name, value]) =>
    Effect.gen(function*() {
      const { code, stderr } = yield* migrated({ PGHOST: "127.0.0.1", [name!]: value! })

      assert.strictEqual(code, 1)
      assert.include(stderr, `pgq: ${name}: `)
    }))

  it.effect("what other programs add to a URL is passed over with a word", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase
      const { code, stderr } = yield* migrated({}, [
        "-c",
        `${url}&schema=public&pgbouncer=true&connection_limit=1&tcp_user_timeout=5&ssl=false`
      ])

      assert.strictEqual(code, 0, stderr)
      assert.include(stderr, "-c: ignores schema, connection_limit, which other programs read")
      assert.include(stderr, "tcp_user_timeout has no effect under Node")
      assert.include(stderr, "takes pgbouncer=true as prepare=false")
    }))

  it.effect("a server that takes no jobs is not worked on", () =>
    Effect.gen(function*() {
      const { url } = yield* Postgres.TestDatabase
      const { code, stderr } = yield* Pgq.run([
        "enqueue",
        "a",
        "-c",
        `${url}&target_session_attrs=standby`
      ])

      assert.strictEqual(code, 1)
      assert.include(stderr, "standby")
    }))

  it.effect("check starts no server where none is named", () =>
    Effect.gen(function*() {
      const { path } = yield* Pgq.folder
      const PGQ_DATA_DIR = join(path, "data")
      const { code, stderr } = yield* Pgq.run(["check"], { env: { PGQ_DATA_DIR } })

      assert.strictEqual(code, 1)
      assert.include(stderr, "no database is named")
      assert.isFalse(existsSync(PGQ_DATA_DIR))
    }))
})
