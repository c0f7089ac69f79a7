/**
 * A worker's own connections. Handlers use the application's pool and may hold all of its
 * connections for any time; a worker that had to wait for one could not renew its leases.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, type Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient, type SqlConnection, type SqlError } from "effect/sql"
import { bounds } from "../../effects/Deadline.ts"
import * as Monotonic from "../../effects/Monotonic.ts"
import * as PgPart from "./PgPart.ts"

/** The most connections that each part of a worker opens, beside the listener's. */
export const sizes = { worker: 3, maintenance: 2, heartbeat: 2 } as const

export interface PgConnections {
  /** For claims and settlements. */
  readonly worker: PgClient.PgClient
  readonly maintenance: PgClient.PgClient
  readonly heartbeat: PgClient.PgClient
}

/**
 * Pools to the same database as the application's client. A connection is opened when it is first
 * needed.
 */
export const make: Effect.Effect<
  PgConnections,
  SqlError.SqlError,
  PgClient.PgClient | Scope.Scope
> = Effect.gen(function*() {
  const application = yield* PgClient.PgClient
  const { config } = application
  const part = (name: keyof typeof sizes) =>
    PgPart.make({
      ...config,
      maxConnections: sizes[name],
      minConnections: 0,
      multiplex: false,
      types: undefined,
      applicationName: `${config.applicationName ?? "pgq"} ${name}`
    }, late[name])
  const worker = yield* part("worker")
  const maintenance = yield* part("maintenance")
  const heartbeat = yield* part("heartbeat")

  const now = yield* Monotonic.millis
  const asking = yield* PgPart.asking
  let failed: { readonly at: number; readonly error: SqlError.SqlError } | undefined

  const onParts =
    (parts: readonly [PgPart.PgPart, ...ReadonlyArray<PgPart.PgPart>]) =>
    <A, E, R>(ask: PgPart.Ask<A, E, R>) =>
      Effect.suspend((): Effect.Effect<A, E | SqlError.SqlError, R> => {
        // A failed connection attempt counts for all parts for a moment, except for the heartbeat,
        // which has no time to lose.
        const isVain = failed !== undefined && now() - failed.at < failedFor
        if (isVain && parts[0] !== heartbeat) return Effect.fail(failed!.error)
        return Effect.tapError(asking(parts, ask), (error) =>
          Effect.sync(() => {
            if (PgPart.hasNotConnected(error)) failed = { at: now(), error }
          }))
      })
  const client = (...parts: readonly [PgPart.PgPart, ...ReadonlyArray<PgPart.PgPart>]) => {
    const ask = onParts(parts)
    return clientOn({
      acquirer: ask(({ reserve }) => reserve),
      borrower: (f) => ask(({ borrow }) => borrow(f)),
      application
    })
  }
  return {
    worker: yield* client(worker, maintenance, heartbeat),
    maintenance: yield* client(maintenance, worker, heartbeat),
    heartbeat: yield* client(heartbeat, maintenance, worker)
  }
})

/** A client like the application's, on other connections and without its transforms of names. */
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

/** A connection counts as silent after a statement has waited this long for its answer. */
const late = {
  // Earlier than the statement's own limit, so that its next try finds other connections.
  worker: Duration.times(bounds.statement, 0.9),
  maintenance: Duration.times(bounds.statement, 0.9),
  // Earlier than the next renewal of a worker with the default lease.
  heartbeat: Duration.seconds(3.6)
} as const

/** Milliseconds: shorter than the second after which a part tries again. */
const failedFor = 900
