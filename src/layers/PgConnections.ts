/**
 * The connections that a worker has for itself. The application's are for its handlers, who may hold
 * all of them for as long as they like: a worker that had to wait for one could not stay alive.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"
import { bounds } from "./Deadline.ts"
import * as Monotonic from "./Monotonic.ts"
import { storeError } from "./PgError.ts"
import * as PgOwnPool from "./PgOwnPool.ts"

/** How many connections each part of a worker opens at most, beside the listener's. */
export const sizes = { worker: 3, caretaker: 2, heartbeat: 2 } as const

export interface PgConnections {
  /** For claims and settlements. */
  readonly worker: PgClient.PgClient
  readonly caretaker: PgClient.PgClient
  readonly heartbeat: PgClient.PgClient
}

/** To the database of the application's client, opened when they are first needed. */
export const make: Effect.Effect<
  PgConnections,
  SqlError.SqlError,
  PgClient.PgClient | Scope.Scope
> = Effect.gen(function*() {
  const application = yield* PgClient.PgClient
  const { config } = application
  let saysIsolation = true
  let crowdedUntil = -Infinity

  const pool = (part: string, maxConnections: number, late: Duration.Duration) =>
    PgOwnPool.make(() => ({
      ...config,
      startupParameters: { ...config.startupParameters, ...saysIsolation ? isolation : {} },
      maxConnections,
      minConnections: 0,
      multiplex: false,
      types: undefined,
      applicationName: `${config.applicationName ?? "pgq"} ${part}`
    }), late)
  const late = Duration.times(bounds.statement, 0.9)
  const pools = {
    worker: yield* pool("worker", sizes.worker, late),
    caretaker: yield* pool("caretaker", sizes.caretaker, late),
    heartbeat: yield* pool("heartbeat", sizes.heartbeat, Duration.times(late, 0.2))
  }
  // Where the server has no more than one to spare, all parts share it.
  const last = yield* pool("worker", 1, late)
  const replaceAll = Effect.forEach(Object.values(pools), ({ replace }) => replace)

  const now = yield* Monotonic.millis
  let failed: { readonly at: number; readonly error: SqlError.SqlError } | undefined

  const connect = <A, E, R>(own: PgOwnPool.PgOwnPool, ask: Ask<A, E, R>) =>
    Effect.suspend(() => ask(now() < crowdedUntil ? last : own)).pipe(
      Effect.catchIf(hasNotConnected, (error) => {
        const { code = "" } = storeError("connect")(error)
        if (saysIsolation && isRefusal(code)) {
          saysIsolation = false
          return Effect.all([replaceAll, last.replace]).pipe(Effect.andThen(ask(own)))
        }
        if (!isShortage(code) || now() < crowdedUntil) return Effect.fail(error)
        crowdedUntil = now() + crowdedFor
        return Effect.andThen(replaceAll, ask(last))
      }),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (hasNotConnected(error)) failed = { at: now(), error }
        })
      )
    )
  // Where nobody can connect, one try tells all but the heartbeat, which has no time to lose.
  const onPool = (own: PgOwnPool.PgOwnPool) => <A, E, R>(ask: Ask<A, E, R>) =>
    Effect.suspend((): Effect.Effect<A, E | SqlError.SqlError, R> =>
      failed !== undefined && own !== pools.heartbeat && now() - failed.at < failedFor
        ? Effect.fail(failed.error)
        : connect(own, ask)
    )
  const client = (own: PgOwnPool.PgOwnPool) => {
    const asking = onPool(own)
    return clientOn({
      acquirer: asking(({ reserve }) => reserve),
      borrower: (f) => asking(({ borrow }) => borrow(f)),
      application
    })
  }
  return {
    worker: yield* client(pools.worker),
    caretaker: yield* client(pools.caretaker),
    heartbeat: yield* client(pools.heartbeat)
  }
})

type Ask<A, E, R> = (pool: PgOwnPool.PgOwnPool) => Effect.Effect<A, E | SqlError.SqlError, R>

const hasNotConnected = (error: unknown): error is SqlError.SqlError =>
  SqlError.isSqlError(error) && error.reason.operation === "connect"

/** Like the application's, but for its transforms of names, on other connections. */
const clientOn = ({ acquirer, application, borrower }: {
  readonly acquirer: SqlConnection.Acquirer
  readonly borrower: SqlConnection.Borrower
  readonly application: PgClient.PgClient
}) =>
  Effect.map(
    SqlClient.make({
      acquirer,
      borrower,
      compiler: PgClient.makeCompiler(),
      driver: application.driver,
      spanAttributes: Object.entries(application.config.spanAttributes ?? {})
    }),
    (sql): PgClient.PgClient =>
      Object.assign(sql, {
        [PgClient.TypeId]: PgClient.TypeId,
        config: application.config,
        json: application.json,
        listen: application.listen,
        notify: application.notify
      })
  ).pipe(Effect.provide(Reactivity.layer))

/** A role's own default does not stop a worker. */
const isolation = { default_transaction_isolation: "read committed" }

/** What poolers say to a parameter that they do not know: protocol violation, or not supported. */
const isRefusal = (code: string) => ["08P01", "0A000", "22023", "42704"].includes(code)

/** Too many connections: of the server, the database, or the role. */
const isShortage = (code: string) => code === "53300"

/** Milliseconds. */
const crowdedFor = 10_000
/** Milliseconds. */
const failedFor = 500
