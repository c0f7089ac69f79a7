/**
 * The embedded server's folder and what lies in it:
 *
 *     cluster/data      PostgreSQL's own files
 *     cluster/password  the password of its one user, pgq
 *     run/              the unix socket
 *     postgres.log      what the server says
 *     binaries-…/       a copy of the programs, where the originals cannot be used
 *     draft-…/          something half made; left only by a crash, and removed by the next start
 */
import { Effect } from "effect"
import { createHash, randomBytes } from "node:crypto"
import {
  appendFile,
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  writeFile
} from "node:fs/promises"
import { join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import { io, isRoot, run, type Runner, runnerOf } from "./Host.ts"

/**
 * Creates the folder if it is missing; answers its real path and the user id that its server runs
 * as.
 */
export const prepare = Effect.fnUntraced(function*(path: string) {
  // If root creates the folder, the server's user must be able to enter it. Only `cluster` is
  // secret.
  const mode = (yield* isRoot) ? 0o711 : 0o700
  yield* Effect.mapError(
    io(`create ${path}`, () => mkdir(path, { recursive: true, mode })),
    ({ detail }) =>
      new EmbeddedServerFailed({ detail: `${detail}; choose another folder with PGQ_DATA_DIR` })
  )
  const dataDir = yield* io(`find ${path}`, () => realpath(path))
  const runner = yield* runnerOf(dataDir)
  if (runner.uid !== undefined) yield* enter(dataDir, runner.uid, runner)
  return { dataDir, runner }
})

const enter = Effect.fnUntraced(function*(dataDir: string, uid: number, runner: Runner) {
  // Root may open an empty folder of its own to the server's user, but not a folder that has other
  // contents.
  const owner = yield* io(`look at ${dataDir}`, () => stat(dataDir))
  const entries = yield* io(`list ${dataDir}`, () => readdir(dataDir))
  if (owner.uid === 0 && entries.length === 0) {
    yield* io(`open ${dataDir}`, () => chmod(dataDir, 0o711))
  }
  yield* Effect.mapError(
    run("/bin/sh", ["-c", `cd "$1"`, "sh", dataDir], runner),
    () =>
      new EmbeddedServerFailed({
        detail: `user id ${uid}, which PostgreSQL runs as because it refuses root, cannot enter ` +
          `${dataDir}; choose another folder with PGQ_DATA_DIR, for instance /var/lib/pgq`
      })
  )
})

/**
 * Creates the cluster if there is none. Of two processes that try at once one succeeds, and both
 * use its cluster.
 */
export const ensureCluster = Effect.fnUntraced(function*({ binaries, dataDir, runner }: {
  readonly binaries: string
  readonly dataDir: string
  readonly runner: Runner
}) {
  const cluster = join(dataDir, "cluster")
  const isThere = io(`look at ${cluster}`, () => stat(cluster))
  const initialize = Effect.gen(function*() {
    const draft = yield* Effect.acquireRelease(
      io(`write in ${dataDir}`, () => mkdtemp(join(dataDir, "draft-"))),
      remove
    )
    const data = join(draft, "data")
    const password = join(draft, "password")
    yield* io(
      `write ${password}`,
      () => writeFile(password, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" })
    )
    yield* give(password, runner)
    yield* give(draft, runner)

    const access = ["-U", "pgq", "-A", "scram-sha-256", `--pwfile=${password}`]
    const locale = ["-E", "UTF8", "--no-locale"]
    yield* Effect.mapError(
      run(join(binaries, "bin", "initdb"), ["-D", data, ...access, ...locale], runner),
      explained
    )
    yield* io(
      "write postgresql.conf",
      () => appendFile(join(data, "postgresql.conf"), "max_connections = 200\n")
    )

    yield* io(`name ${cluster}`, () => rename(draft, cluster))
    // PostgreSQL makes its own files durable. The rename of their folder must be made durable here.
    yield* io(
      `sync ${dataDir}`,
      () => open(dataDir).then((folder) => folder.sync().finally(() => folder.close()))
    )
  })
  const initializeOrFindIt = Effect.catch(
    Effect.scoped(initialize),
    (error) => Effect.mapError(isThere, () => error)
  )
  yield* Effect.catch(isThere, () => initializeOrFindIt)
})

/** PostgreSQL looks its user up by id, so an id without a name is a common cause of failure. */
const explained = (error: EmbeddedServerFailed) => {
  const id = /could not look up effective user ID (\d+)/.exec(error.detail)?.[1]
  return id === undefined ? error : new EmbeddedServerFailed({
    detail: `user id ${id} has no name on this machine, and PostgreSQL makes no database without ` +
      "one; add the id to /etc/passwd, or name a database to connect to"
  })
}

/**
 * A folder for the socket that only the server's user may enter. A socket's path is limited to
 * about a hundred bytes, so a data directory with a long path has its socket under /tmp.
 */
export const ensureSocketDir = Effect.fnUntraced(function*(dataDir: string, runner: Runner) {
  const near = join(dataDir, "run")
  const short = `/tmp/pgq-${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}`
  const socketDir = Buffer.byteLength(`${near}/.s.PGSQL.5432.lock`) <= 100 ? near : short

  yield* Effect.ignore(io(`create ${socketDir}`, () => mkdir(socketDir, { mode: 0o700 })))
  const found = yield* io(`look at ${socketDir}`, () => lstat(socketDir))
  const me = process.getuid?.() ?? 0
  if (!found.isDirectory() || (found.uid !== me && found.uid !== runner.uid)) {
    return yield* new EmbeddedServerFailed({ detail: `${socketDir} belongs to another user` })
  }
  yield* give(socketDir, runner)
  if (socketDir === short) {
    // Only an empty folder can be removed, so the folder stays while a server listens in it.
    yield* Effect.addFinalizer(() => Effect.ignore(io(`remove ${short}`, () => rmdir(short))))
  }
  return socketDir
})

/**
 * Removes the leftovers of crashes and older versions. Only the process whose server runs may call
 * it.
 */
export const sweep = Effect.fnUntraced(function*(dataDir: string, binaries: string) {
  const entries = yield* io(`list ${dataDir}`, () => readdir(dataDir))
  const old = entries
    .filter((name) => name.startsWith("draft-") || name.startsWith("binaries-"))
    .map((name) => join(dataDir, name))
    .filter((path) => path !== binaries)
  yield* Effect.forEach(old, remove)
}, (effect) => Effect.ignore(effect))

export const remove = (path: string): Effect.Effect<void> =>
  Effect.ignore(
    io(`remove ${path}`, () => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )

const give = (path: string, { gid, uid }: Runner) =>
  uid === undefined || gid === undefined
    ? Effect.void
    : io(`give away ${path}`, () => chown(path, uid, gid))
