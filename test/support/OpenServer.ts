/**
 * A PostgreSQL server on TCP with TLS, and its standby. The server's pg_hba.conf has different
 * rules for each user. Each test file that needs such a server starts its own.
 */
import { Context, Effect, Layer, Schedule } from "effect"
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Binaries from "../../src/layers/embedded/Binaries.ts"
import * as DataDir from "../../src/layers/embedded/DataDir.ts"
import { run, type Runner } from "../../src/layers/embedded/Host.ts"
import * as Process from "../../src/layers/embedded/ServerProcess.ts"

export class OpenServer extends Context.Service<OpenServer, {
  readonly port: number
  /**
   * The port of the standby. The standby began as a copy of the server and takes no writes. Its
   * only user is pgq.
   */
  readonly standbyPort: number
  /** A TCP port on which no process listens. */
  readonly closedPort: number
  /** The password of the user pgq, a superuser. */
  readonly password: string
  /** A copy of a file of `test/support/tls` that no other user may read. */
  readonly file: (name: string) => string
}>()("pgq/test/OpenServer") {}

/** The authentication of each of `users`. Any other user needs a SCRAM password. */
const access = `
local    all all           scram-sha-256
hostnossl all plain_only  all scram-sha-256
hostssl  all plain_only   all reject
hostssl  all tls_only     all scram-sha-256
hostnossl all tls_only    all reject
hostssl  all certain      all cert
host     all trusted      all trust
host     all spelled      all password
host     all all          all scram-sha-256
`

export const users = ["plain_only", "tls_only", "certain", "trusted", "spelled", "scrammed"]

const tls = fileURLToPath(new URL("tls/", import.meta.url))

const make = Effect.gen(function*() {
  const main = yield* prepared("pgq-open-")
  const { data, runner } = main
  const binaries = yield* Binaries.usable({
    folder: process.env["PGQ_TEST_BINARIES"] || undefined,
    ...main
  })
  yield* DataDir.ensureCluster({ binaries, ...main })
  yield* Effect.sync(() => {
    writeFileSync(join(data, "pg_hba.conf"), access)
    for (const name of ["server.crt", "server.key", "ca.crt"]) copyTo(join(data, name), name)
    appendFileSync(join(data, "postgresql.conf"), settings)
  })
  // The standby is copied before the first start, so both servers begin with the same data. The
  // standby then waits for more.
  const standby = yield* prepared("pgq-standby-")
  yield* Effect.sync(() => {
    const options = { recursive: true, preserveTimestamps: true }
    cpSync(join(main.dataDir, "cluster"), join(standby.dataDir, "cluster"), options)
    // Node 22 gives copied folders the mode of new ones, with which a server does not start.
    chmodSync(standby.data, 0o700)
    writeFileSync(join(standby.data, "standby.signal"), "")
  })
  yield* give(main, runner)
  yield* give(standby, runner)

  const port = yield* freePort
  const standbyPort = yield* freePort
  const closedPort = yield* freePort
  yield* start(binaries, main, port)
  yield* start(binaries, standby, standbyPort)
  const files = yield* temporary("pgq-files-")
  return {
    port,
    standbyPort,
    closedPort,
    password: readFileSync(join(main.dataDir, "cluster", "password"), "utf8"),
    file: (name: string) => copyTo(join(files, name), name)
  }
})

const settings = `
ssl = on
ssl_ca_file = 'ca.crt'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
fsync = off
`

export const layer = Layer.effect(OpenServer, make)

interface Cluster {
  readonly dataDir: string
  readonly data: string
  readonly runner: Runner
}

const prepared = (prefix: string) =>
  Effect.map(
    Effect.flatMap(temporary(prefix), DataDir.prepare),
    ({ dataDir, runner }): Cluster => ({ dataDir, runner, data: join(dataDir, "cluster", "data") })
  )

const temporary = (prefix: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), prefix))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
  )

const copyTo = (path: string, name: string): string => {
  copyFileSync(join(tls, name), path)
  chmodSync(path, 0o600)
  return path
}

const give = ({ dataDir }: Cluster, { gid, uid }: Runner) =>
  uid === undefined
    ? Effect.void
    : run("chown", ["-R", `${uid}:${gid}`, join(dataDir, "cluster")], {})

const start = Effect.fnUntraced(function*(binaries: string, cluster: Cluster, port: number) {
  const args = ["-D", cluster.data, "-p", String(port)]
  const server = yield* Process.start(join(binaries, "bin", "postgres"), args, cluster)
  const ready = answers(port).pipe(
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.timeout("30 seconds")
  )
  yield* Effect.raceFirst(ready, server.failure)
})

/**
 * Succeeds if the server takes sessions. A server that is still starting answers with the error
 * 57P03.
 */
const answers = (port: number) =>
  Effect.callback<void, string>((resume) => {
    const socket = connect(port, "127.0.0.1", () => {
      const body = Buffer.from("\0\x03\0\0user\0trusted\0\0")
      const head = Buffer.alloc(4)
      head.writeInt32BE(body.length + 4)
      socket.write(Buffer.concat([head, body]))
    })
    socket.once("data", (text) => {
      resume(text.includes("57P03") ? Effect.fail("starting") : Effect.void)
      socket.destroy()
    })
    socket.once("error", ({ message }) => resume(Effect.fail(message)))
    return Effect.sync(() => socket.destroy())
  })

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
