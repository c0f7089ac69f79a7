/**
 * A queue with a lease of three seconds on a server with TLS, whose one job computes for eight: its
 * thread cannot renew. Says on stderr why it does not start.
 *
 * node watched.mjs WAY CONNINFO QUEUE
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted, Result } from "effect"
import { SqlClient } from "effect/sql"
import { connect } from "node:net"
import { Job, QueueLive, WorkerControl } from "../../dist/index.js"
import * as PgConninfo from "../../dist/layers/postgres/connection/PgConninfo.js"

const [way, conninfo, queue] = process.argv.slice(2)
const say = (text) => process.stderr.write(`${text}\n`)

const value = (name) => new RegExp(`${name}=(\\S+)`).exec(conninfo)?.[1]
const plain = {
  host: "127.0.0.1",
  port: Number(value("port")),
  database: "postgres",
  username: value("user"),
  password: Redacted.make(value("password"))
}
const unnamed = {
  ...plain,
  ssl: { rejectUnauthorized: false, checkServerIdentity: () => undefined }
}

let password = value("password")
let asked = 0
const fetched = Effect.sync(() => {
  asked++
  return Redacted.make(password)
})

const ways = {
  "verify-ca": [() => Result.getOrThrow(PgConninfo.configOf(conninfo)), {}],
  "function in ssl": [() => unnamed, {}],
  "stream": [() => ({ ...plain, ssl: false, stream: () => connect(plain.port, plain.host) }), {}],
  "function in ssl, fatal": [() => unnamed, { watchdog: "none", onHang: "kill" }],
  "connection string": [() => unnamed, { watchdog: Redacted.make(conninfo) }],
  "bad connection string": [
    () => unnamed,
    { watchdog: Redacted.make(conninfo.replace(/password=\S+/, "password=wrong")) }
  ],
  "no connection string": [() => unnamed, {
    watchdog: Redacted.make("host=x user=y sslmode=perhaps")
  }],
  "none": [() => unnamed, { watchdog: "none" }],
  "changing password": [() => ({ ...plain, ssl: false, password: fetched }), {}]
}

/** The password changes while the worker runs, and the worker's thread is then busy at once. */
const change = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql.unsafe(`ALTER ROLE CURRENT_USER PASSWORD 'changed'`)
  password = "changed"
  const before = asked
  yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => asked > before })
  // The message is sent with this turn of the thread.
  yield* Effect.sleep("20 millis")
})

const compute = Effect.gen(function*() {
  if (way === "changing password") yield* change
  say("computing")
  const end = performance.now() + 8000
  while (performance.now() < end);
})

const [config, options] = ways[way]
const Compute = Job.make("compute")
const Queue = QueueLive.layer({ jobs: [Compute], queues: [queue], lease: "3 seconds", ...options })
  .pipe(
    Layer.provide(Compute.toLayer(() => compute)),
    Layer.provide(PgClient.layer(config()))
  )
await Effect.gen(function*() {
  const control = yield* WorkerControl
  yield* control.stop("drain")
  yield* control.ended
}).pipe(
  Effect.provide(Queue),
  Effect.provide(PgClient.layer(config())),
  Effect.catch((error) => Effect.sync(() => say(`refused: ${error._tag}: ${error.message}`))),
  Effect.runPromise
)
