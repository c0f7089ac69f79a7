/**
 * The connection of the watchdog's thread where the client's settings hold functions. Either the
 * watchdog can connect, or the worker does not start.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { fileURLToPath } from "node:url"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as Pgq from "../cli/Pgq.ts"
import { queueName } from "../Given.ts"
import { at } from "../support/ByConninfo.ts"
import { OpenServer } from "../support/OpenServer.ts"
import * as Open from "../support/OpenServer.ts"

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const asAdministrator = Effect.fnUntraced(function*<A, E>(
  effect: Effect.Effect<A, E, PgClient.PgClient | SqlClient.SqlClient>
) {
  const { password, port } = yield* OpenServer
  const text = `host=127.0.0.1 port=${port} user=pgq password=${password} dbname=postgres`
  return yield* at(text, effect)
})

/** Makes pgq's schema, and the user as which the worker connects. */
const withSchema = Layer.effectDiscard(asAdministrator(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* PgSchema.migrate()
  yield* sql`CREATE ROLE watched SUPERUSER LOGIN PASSWORD 'secret'`
})))

/** Starts a worker that connects by TLS to a server whose certificate has another name. */
const start = Effect.fnUntraced(function*(way: string, queue: string) {
  const { file, port } = yield* OpenServer
  const conninfo = `host=elsewhere hostaddr=127.0.0.1 port=${port} dbname=postgres user=watched ` +
    `password=secret sslmode=verify-ca sslrootcert=${file("ca.crt")}`
  return yield* Pgq.spawn([], {
    through: [globalThis.process.execPath, script("watched.mjs"), way, conninfo, queue]
  })
})

/** Rescues again and again while the job computes. Answers with the number of rescued jobs. */
const rescuedWhileComputing = Effect.fnUntraced(function*(way: string) {
  const queue = yield* queueName
  yield* asAdministrator(Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`ALTER ROLE watched PASSWORD 'secret'`
    yield* sql`INSERT INTO pgq.jobs (queue, name) VALUES (${queue}, 'compute')`
  }))
  const process = yield* start(way, queue)
  yield* process.line(/^computing$/)
  return yield* asAdministrator(Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    return yield* sql<{ n: number }>`SELECT pgq.note_late(), pgq.rescue() AS n`.pipe(
      Effect.map(([row]) => row!.n),
      Effect.delay("20 millis"),
      Effect.repeat({ until: (n) => n > 0 }),
      Effect.raceFirst(Effect.as(process.exit, 0))
    )
  }))
})

const options = { excludeTestServices: true, timeout: "2 minutes" } as const
layer(Layer.provideMerge(withSchema, Open.layer), options)("the watchdog", (it) => {
  it.effect.each([
    "verify-ca",
    "connection string",
    "changing password"
  ])("renews with: %s", (way) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* rescuedWhileComputing(way), 0)
    }))

  it.effect("is missed where there is none", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* rescuedWhileComputing("none"), 1)
    }))

  it.effect.each(
    [
      ["function in ssl", /^refused: SettingInvalid: ssl\.checkServerIdentity: .*watchdog/],
      ["stream", /^refused: SettingInvalid: stream: .*watchdog/],
      ["function in ssl, fatal", /^refused: SettingInvalid: onHang: only a watchdog/],
      ["bad connection string", /^refused: StoreError: watchdog: .*password authentication failed/],
      ["no connection string", /^refused: SettingInvalid: watchdog: .*sslmode/]
    ] as const
  )("does not start with: %s", ([way, line]) =>
    Effect.gen(function*() {
      const process = yield* start(way, yield* queueName)
      const { stderr } = yield* process.exit

      assert.match(stderr, line)
      assert.lengthOf(stderr.trim().split("\n"), 1)
    }))

  it.effect("has a thread that ends at once when it is started as anything else", () =>
    Effect.gen(function*() {
      const process = yield* Pgq.spawn([], {
        through: [globalThis.process.execPath, script("otherThreads.mjs")]
      })
      const { code, stderr, stdout } = yield* process.exit

      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stdout, "ended with 0\n".repeat(3))
    }))
})
