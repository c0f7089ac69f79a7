/**
 * A private PostgreSQL server as a scoped resource. Its data has a folder of its own. Every pgq
 * command finds the running server again, and the last scope that uses it stops it.
 *
 * The server listens on a unix socket alone. The address therefore stays the same over restarts, no
 * port can be taken, and the socket's folder, which only the server's user may enter, protects it
 * before the password does. A process killed with -9 leaves its server running; the next scope that
 * uses the server stops it.
 */
import { Effect, Exit, Option, Redacted, Schedule, Scope } from "effect"
import { readFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { EmbeddedServerFailed } from "../../domain/ProcessErrors.ts"
import * as Binaries from "./Binaries.ts"
import * as DataDir from "./DataDir.ts"
import { io, type Runner } from "./Host.ts"
import * as PidFile from "./PostmasterPid.ts"
import * as Process from "./ServerProcess.ts"
import * as Use from "./ServerUse.ts"

/** A running server. psql and `PgClient` both read `url`; its user is a superuser. */
export interface Server {
  readonly url: Redacted.Redacted
  readonly dataDir: string
  readonly pid: number
  /** Whether this scope started the server. */
  readonly isOwner: boolean
}

export interface Options {
  /** The server's data directory; created if missing. */
  readonly dataDir: string
  /** A folder with `bin/initdb` and `bin/postgres`. Defaults to the platform package's. */
  readonly binaries?: string | undefined
  /** Settings for this start, as in postgresql.conf. Defaults to none. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Long enough for a recovery after a crash. */
const patience = "2 minutes"

/**
 * Finds the folder's server or starts one. Of several scopes that start it at once, one becomes its
 * owner and the others find it. The effect ends once the server accepts connections.
 */
export const open: (
  options: Options
) => Effect.Effect<Server, EmbeddedServerFailed, Scope.Scope> = Effect.fn("EmbeddedPostgres.open")(
  (options) =>
    // Another process may be starting or stopping a server of this cluster.
    Effect.retry(attempt(findOrStart(options)), {
      while: ({ detail }) => isPassing.test(detail),
      schedule: Schedule.upTo(Schedule.spaced("200 millis"), { duration: patience })
    })
)

/** Stops the folder's server unless a process uses it; answers whether there was one. */
export const stop = (dataDir: string): Effect.Effect<boolean, EmbeddedServerFailed> =>
  Effect.scoped(Effect.gen(function*() {
    const running = yield* find(dataDir)
    if (Option.isNone(running)) return false
    const entered = yield* Use.enter(running.value)
    if (Option.isNone(entered)) return yield* Process.stopped(dataDir)
    if (!Option.contains(yield* entered.value.leave, true)) {
      const detail = `other processes of pgq use the server in ${dataDir}; the last one stops it`
      return yield* new EmbeddedServerFailed({ detail })
    }
    yield* Process.stopOther(dataDir, running.value.pid)
    return true
  }))

const findOrStart = Effect.fnUntraced(function*({ binaries, dataDir: path, settings }: Options) {
  const running = yield* find(path)
  if (Option.isSome(running)) return yield* use(running.value)

  const { dataDir, runner } = yield* DataDir.prepare(path)
  const starting = start({ dataDir, folder: binaries, runner, settings: settings ?? {} })
  return yield* Effect.catch(
    attempt(starting),
    (error) =>
      Effect.flatMap(
        Effect.mapError(Effect.flatMap(find(dataDir), Effect.fromOption), () => error),
        (server) => use(server)
      )
  )
})

/**
 * The last user stops the server while its session still holds the lock, so that no other process
 * can begin to use a server that is about to stop. `own` is the server's process if this scope
 * started it.
 */
const use = Effect.fnUntraced(function*(server: Server, own?: Process.Process) {
  const { dataDir, pid } = server
  const entered = yield* Use.enter(server)
  if (Option.isNone(entered)) return yield* Process.stopped(dataDir)
  yield* Effect.addFinalizer(() =>
    Effect.flatMap(
      entered.value.leave,
      Option.match({
        onNone: () => Effect.void,
        onSome: (isLast) =>
          isLast ? own?.stop ?? Process.stopOther(dataDir, pid) : own?.keep ?? Effect.void
      })
    )
  )
  return server
})

const isPassing = new RegExp([
  "is being stopped",
  `postmaster\\.pid" already exists`,
  // Another server has created the file and has not yet written its process id into it.
  `postmaster\\.pid" is empty`,
  // The processes of a killed server end shortly after it.
  "pre-existing shared memory block",
  // The process that stopped the previous server has just removed the socket's folder.
  "cannot look at /tmp/pgq-",
  `could not create lock file "/tmp/pgq-`
].join("|"))

/** Releases the resources of a failed attempt at once, not with the scope. */
const attempt = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const inner = yield* Scope.fork(yield* Effect.scope)
      return yield* restore(Scope.provide(effect, inner)).pipe(
        Effect.onError((cause) => Scope.close(inner, Exit.failCause(cause)))
      )
    })
  )

/** The folder's server, if it accepts connections now and the caller may use it. */
export const find: (dataDir: string) => Effect.Effect<Option.Option<Server>> = Effect.fn(
  "EmbeddedPostgres.find"
)(function*(dataDir) {
  const held = yield* PidFile.read(dataDir)
  if (Option.isNone(held) || !held.value.isReady) return Option.none()

  const { pid, port, socketDir } = held.value
  if (!(yield* answers(`${socketDir}/.s.PGSQL.${port}`))) return Option.none()

  const path = join(dataDir, "cluster", "password")
  const password = yield* Effect.option(io(`read ${path}`, () => readFile(path, "utf8")))
  return Option.map(password, (secret): Server => {
    const parameters = Object.entries({ host: socketDir, port, user: "pgq", password: secret })
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const url = Redacted.make(`postgres:///postgres?${parameters.join("&")}`)
    return { url, dataDir, pid, isOwner: false }
  })
})

/** The socket's file remains after a crash, so only a connection shows whether a server listens. */
const answers = (path: string) =>
  Effect.callback<boolean>((resume) => {
    const socket = connect({ path })
    const close = Effect.sync(() => socket.destroy())
    socket.once("connect", () => resume(Effect.as(close, true)))
    socket.once("error", () => resume(Effect.as(close, false)))
    return close
  }).pipe(Effect.timeoutOption("5 seconds"), Effect.map(Option.getOrElse(() => false)))

const start = Effect.fnUntraced(function*({ dataDir, folder, runner, settings }: {
  readonly dataDir: string
  readonly folder: string | undefined
  readonly runner: Runner
  readonly settings: Readonly<Record<string, string>>
}) {
  const binaries = yield* Binaries.usable({ folder, dataDir, runner })
  yield* DataDir.ensureCluster({ binaries, dataDir, runner })
  yield* PidFile.dropStale(dataDir)
  const socketDir = yield* DataDir.ensureSocketDir(dataDir, runner)
  const confined = {
    listen_addresses: "",
    unix_socket_directories: `"${socketDir.replaceAll(`"`, `""`)}"`,
    unix_socket_permissions: "0700",
    port: "5432"
  }
  const flags = Object.entries({ cluster_name: "pgq", ...settings, ...confined })
    .flatMap(([name, value]) => ["-c", `${name}=${value}`])
  const args = ["-D", join(dataDir, "cluster", "data"), ...flags]
  const process = yield* Process.start(join(binaries, "bin", "postgres"), args, { dataDir, runner })

  const server = yield* Effect.raceFirst(ready(dataDir, process.pid), process.failure)
  yield* DataDir.sweep(dataDir, binaries)
  return yield* use({ ...server, isOwner: true }, process)
})

const ready = (dataDir: string, pid: number) =>
  Effect.flatMap(find(dataDir), Effect.fromOption).pipe(
    Effect.filterOrFail((server) => server.pid === pid),
    Effect.retry(Schedule.upTo(Schedule.spaced("20 millis"), { duration: patience })),
    Effect.mapError(() =>
      new EmbeddedServerFailed({
        detail: `the server in ${dataDir} is not ready after ${patience}`
      })
    )
  )
