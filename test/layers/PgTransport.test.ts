/**
 * Connections to real servers by libpq's rules: encryption, verification, authentication, and the
 * choice among several servers.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Clock, Effect, Layer, Option, Result } from "effect"
import { SqlClient } from "effect/sql"
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { connect, createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as PgConninfo from "../../src/layers/postgres/connection/PgConninfo.ts"
import { ask, at, conninfo, isEncrypted, refusal } from "../support/ByConninfo.ts"
import { OpenServer, users } from "../support/OpenServer.ts"
import * as Open from "../support/OpenServer.ts"

/** Makes the users, each with the password "secret". */
const withUsers = Layer.effectDiscard(Effect.gen(function*() {
  const { password, port } = yield* OpenServer
  const make = Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* Effect.forEach(
      users,
      (user) => sql.unsafe(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`)
    )
  })
  yield* at(`host=127.0.0.1 port=${port} user=pgq password=${password} dbname=postgres`, make)
}))

const options = { excludeTestServices: true, timeout: "120 seconds" } as const
layer(Layer.provideMerge(withUsers, Open.layer), options)("PgTransport", (it) => {
  const text = Effect.map(
    OpenServer,
    ({ port }) => `host=127.0.0.1 port=${port} dbname=postgres password=secret`
  )

  it.effect.each([
    ["disable", "scrammed", false],
    ["allow", "scrammed", false],
    ["allow", "tls_only", true],
    ["prefer", "scrammed", true],
    ["prefer", "plain_only", false],
    ["require", "scrammed", true],
    ["no-verify", "tls_only", true]
  ])("sslmode=%s as %s", ([mode, user, expected]) =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* isEncrypted(`${yield* text} sslmode=${mode} user=${user}`),
        expected
      )
    }))

  it.effect("goes without TLS to a server that has none", () =>
    Effect.gen(function*() {
      const { port } = yield* OpenServer
      // The proxy refuses every request for TLS, as a server without TLS does.
      const proxy = yield* withoutTls(port)
      const through = `host=127.0.0.1 port=${proxy} dbname=postgres password=secret user=scrammed`

      assert.isFalse(yield* isEncrypted(`${through} sslmode=prefer`))
      assert.include(yield* refusal(`${through} sslmode=require`), "does not support TLS")
    }))

  it.effect("takes a certificate that the named CA signed, and no other", () =>
    Effect.gen(function*() {
      const { file, port } = yield* OpenServer
      const named = `hostaddr=127.0.0.1 port=${port} dbname=postgres password=secret user=scrammed`
      const ca = `sslrootcert=${file("ca.crt")}`
      const other = `sslrootcert=${file("other-ca.crt")}`

      assert.isTrue(yield* isEncrypted(`${named} host=elsewhere sslmode=verify-ca ${ca}`))
      assert.isTrue(yield* isEncrypted(`${named} host=localhost sslmode=verify-full ${ca}`))
      assert.isTrue(yield* isEncrypted(`${named} sslmode=verify-full ${ca}`))
      assert.include(
        yield* refusal(`${named} host=elsewhere sslmode=verify-full ${ca}`),
        "does not match certificate's altnames"
      )
      for (const mode of ["verify-full", "verify-ca", "require"]) {
        assert.include(yield* refusal(`${named} sslmode=${mode} ${other}`), "certificate")
      }
      assert.include(yield* refusal(`${named} sslmode=verify-full`), "certificate")
      assert.include(
        yield* refusal(`${named} sslmode=verify-full sslrootcert=system`),
        "certificate"
      )
      assert.include(yield* refusal(`${named} sslmode=verify-ca`), "needs the file of the CA")
      assert.include(yield* refusal(`${named} sslmode=require sslrootcert=/no/such`), "/no/such")
    }))

  it.effect("looks for certificates where libpq does", () =>
    Effect.gen(function*() {
      const { file, port } = yield* OpenServer
      const as = `host=127.0.0.1 port=${port} dbname=postgres sslmode=require`
      const home = yield* ownHome
      copyFileSync(file("client.crt"), join(home, ".postgresql", "postgresql.crt"))
      copyFileSync(file("client.key"), join(home, ".postgresql", "postgresql.key"))

      assert.isTrue(yield* isEncrypted(`${as} user=certain`))
      copyFileSync(file("other-ca.crt"), join(home, ".postgresql", "root.crt"))
      assert.include(yield* refusal(`${as} user=certain`), "certificate")
      assert.isTrue(yield* isEncrypted(`${as} user=certain sslrootcert=${file("ca.crt")}`))
      const unverified = as.replace("require", "no-verify")
      assert.isTrue(yield* isEncrypted(`${unverified} user=certain`))
    }))

  it.effect("shows its own certificate", () =>
    Effect.gen(function*() {
      const { file, port } = yield* OpenServer
      const as = `host=127.0.0.1 port=${port} dbname=postgres user=certain sslmode=require`
      const cert = `sslcert=${file("client.crt")}`
      const open = file("client.key")

      assert.isTrue(yield* isEncrypted(`${as} ${cert} sslkey=${open}`))
      const locked = `${as} ${cert} sslkey=${file("client-locked.key")}`
      assert.isTrue(yield* isEncrypted(`${locked} sslpassword=open`))
      assert.isString(yield* refusal(`${locked} sslpassword=shut`))
      assert.include(yield* refusal(as), "certificate")
      assert.include(
        yield* refusal(`${as} ${cert} sslkey=${open} sslcertmode=disable`),
        "certificate"
      )
      chmodSync(open, 0o644)
      assert.include(yield* refusal(`${as} ${cert} sslkey=${open}`), "chmod 0600")
    }))

  it.effect.each([
    ["scrammed", "sslmode=require channel_binding=require"],
    ["scrammed", "sslmode=require channel_binding=disable"],
    ["scrammed", "sslmode=disable require_auth=scram-sha-256"],
    ["scrammed", "sslmode=require ssl_min_protocol_version=TLSv1.3 sslsni=0"],
    ["scrammed", "sslmode=require ssl_max_protocol_version=TLSv1.2"],
    ["spelled", "sslmode=require require_auth=password"],
    ["spelled", "sslmode=require require_auth=!md5,!none"],
    ["trusted", "sslmode=disable require_auth=none"]
  ])("signs %s on with %s", ([user, how]) =>
    Effect.gen(function*() {
      const row = yield* ask(`${yield* text} user=${user} ${how}`)
      assert.strictEqual(row?.who, user)
    }))

  it.effect.each(
    [
      ["scrammed", "sslmode=disable channel_binding=require", "channel_binding"],
      ["trusted", "sslmode=require channel_binding=require", "channel_binding"],
      ["spelled", "sslmode=require channel_binding=require", "channel_binding"],
      ["spelled", "sslmode=require require_auth=scram-sha-256", "require_auth"],
      ["trusted", "sslmode=require require_auth=!none", "require_auth"],
      ["scrammed", "sslmode=require require_auth=none", "require_auth"],
      ["plain_only", "sslmode=require", "pg_hba.conf"],
      ["tls_only", "sslmode=disable", "pg_hba.conf"],
      ["scrammed", "sslmode=prefer password=wrong", "password authentication failed"],
      ["scrammed", "sslmode=prefer password=''", "none is given"]
    ] as const
  )("turns %s away with %s", ([user, how, why]) =>
    Effect.gen(function*() {
      assert.include(yield* refusal(`${yield* text} user=${user} ${how}`), why)
    }))

  const pair = Effect.map(OpenServer, ({ closedPort, password, port, standbyPort }) => ({
    ports: { primary: port, standby: standbyPort },
    text: `host=127.0.0.1,127.0.0.1,127.0.0.1 port=${closedPort},${standbyPort},${port} ` +
      `dbname=postgres user=pgq password=${password}`
  }))

  it.effect.each(
    [
      ["any", "standby"],
      ["read-write", "primary"],
      ["primary", "primary"],
      ["standby", "standby"],
      ["read-only", "standby"],
      ["prefer-standby", "standby"]
    ] as const
  )(
    "target_session_attrs=%s leads past a dead server to the %s",
    ([target, expected]) =>
      Effect.gen(function*() {
        const { ports, text } = yield* pair
        for (const how of ["", "load_balance_hosts=random", "sslmode=disable"]) {
          const row = yield* ask(`${text} target_session_attrs=${target} ${how}`)
          if (how !== "load_balance_hosts=random" || target !== "any") {
            assert.strictEqual(row?.port, ports[expected])
          }
        }
      })
  )

  it.effect("says of each server why it is not the one", () =>
    Effect.gen(function*() {
      const { closedPort, password, standbyPort } = yield* OpenServer
      const line = yield* refusal(
        `host=127.0.0.1,localhost port=${closedPort},${standbyPort} hostaddr=127.0.0.1,127.0.0.1 ` +
          `dbname=postgres user=pgq password=${password} target_session_attrs=read-write`
      )

      assert.include(line, `127.0.0.1:${closedPort}: connect ECONNREFUSED`)
      assert.include(line, `localhost:${standbyPort}: the server is a standby`)
      const { text } = yield* pair
      const alone = text.replaceAll(`,${(yield* OpenServer).port}`, "").replace(",127.0.0.1", "")
      const row = yield* ask(`${alone} target_session_attrs=prefer-standby`)
      assert.strictEqual(row?.port, standbyPort)
    }))

  it.effect("asks no server of version 17 before TLS, and is refused by an older one", () =>
    Effect.gen(function*() {
      const as = `${yield* text} user=scrammed sslmode=require`
      const [server] = yield* at(
        as,
        SqlClient.SqlClient.use((sql) =>
          sql<{ readonly version: number }>`
            SELECT current_setting('server_version_num')::integer AS version
          `
        )
      )
      const direct = yield* Effect.option(ask(`${as} sslnegotiation=direct`))

      assert.strictEqual(Option.isSome(direct), (server?.version ?? 0) >= 170_000)
    }))

  it.effect("hands options and settings to the session", () =>
    Effect.gen(function*() {
      const how = `user=scrammed options='-c work_mem=3MB -c geqo=off' application_name=mine`
      const shown = yield* at(
        `${yield* text} ${how}`,
        SqlClient.SqlClient.use((sql) =>
          sql`SELECT current_setting('work_mem') AS work_mem, current_setting('geqo') AS geqo,
            current_setting('application_name') AS name`
        )
      )

      assert.deepStrictEqual(shown, [{ work_mem: "3MB", geqo: "off", name: "mine" }])
    }))

  it.effect("cancels what is interrupted, and carries what is large", () =>
    Effect.gen(function*() {
      const { text } = yield* pair
      const found = yield* at(
        `${text} target_session_attrs=primary`,
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const large = "x".repeat(5_000_000)
          const [back] = yield* sql<{ readonly large: string }>`SELECT ${large}::text AS large`
          assert.strictEqual(back?.large, large)
          const before = yield* Clock.currentTimeMillis
          yield* Effect.timeoutOption(sql`SELECT pg_sleep(60), 'slow'`, "200 millis")
          // The driver gives up after 5 seconds if it does not see the end of a cancellation.
          assert.isBelow((yield* Clock.currentTimeMillis) - before, 4000)
          return yield* sql`
            SELECT FROM pg_stat_activity
            WHERE state = 'active' AND query LIKE '%slow%' AND pid <> pg_backend_pid()
          `
        })
      )

      assert.deepStrictEqual(found, [])
    }))

  it.effect("ends with the server's side of it", () =>
    Effect.gen(function*() {
      const { text } = yield* pair
      const found = yield* at(
        `${text} target_session_attrs=primary`,
        SqlClient.SqlClient.use((sql) =>
          sql`SELECT pg_terminate_backend(pg_backend_pid())`.pipe(
            Effect.flip,
            Effect.andThen(sql`SELECT 1 AS one`)
          )
        )
      )

      assert.deepStrictEqual(found, [{ one: 1 }])
    }))

  it.effect("leads another thread to the same server", () =>
    Effect.gen(function*() {
      const { ports, text } = yield* pair
      const config = PgConninfo.clientConfig(conninfo(`${text} target_session_attrs=primary`))
      const again = Result.getOrThrow(PgConninfo.configOf(PgConninfo.textOf(config) ?? ""))
      const port = SqlClient.SqlClient.use((sql) => sql`SELECT inet_server_port() AS port`)

      const found = yield* Effect.provide(port, PgClient.layer(again))
      assert.deepStrictEqual(found, [{ port: ports.primary }])
    }))
})

/** A home directory for the rest of the test, with a folder for certificates. */
const ownHome = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.env["HOME"]
    const path = mkdtempSync(join(tmpdir(), "pgq-home-"))
    mkdirSync(join(path, ".postgresql"))
    process.env["HOME"] = path
    return { before, path }
  }),
  ({ before, path }) =>
    Effect.sync(() => {
      process.env["HOME"] = before
      rmSync(path, { recursive: true, force: true })
    })
).pipe(Effect.map(({ path }) => path))

/** A proxy that answers N to a request for TLS and passes everything else on to the server. */
const withoutTls = (port: number) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer((client) => {
        const onward = connect(port, "127.0.0.1")
        client.on("data", (chunk) => {
          if (chunk.length === 8 && chunk.readInt32BE(4) === 80877103) client.write("N")
          else onward.write(chunk)
        })
        onward.pipe(client)
        client.on("error", () => onward.destroy()).on("close", () => onward.destroy())
        onward.on("error", () => client.destroy())
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => server.close())
  ).pipe(Effect.map((server) => {
    const address = server.address()
    return typeof address === "object" && address !== null ? address.port : 0
  }))
