/**
 * The pool of one part of a worker. If the server has no connection to spare, each part keeps its
 * open connections, and a part without one borrows another part's.
 */
import type { PgClient } from "@effect/sql-pg"
import { type Duration, Effect } from "effect"
import { SqlError } from "effect/sql"
import * as Monotonic from "../../effects/Monotonic.ts"
import { storeError } from "../PgError.ts"
import * as PgOwnPool from "./PgOwnPool.ts"

export interface PgPart {
  readonly pool: PgOwnPool.PgOwnPool
  /** Whether its connections are opened with the isolation level that they need. */
  saysIsolation: boolean
  /** Until this time the part has no connection and opens none. */
  emptyUntil: number
}

export const make = Effect.fnUntraced(function*(
  config: PgClient.PgPoolConfig,
  late: Duration.Duration
) {
  const state = { saysIsolation: true, emptyUntil: -Infinity }
  const pool = yield* PgOwnPool.make(() => ({
    ...config,
    startupParameters: { ...config.startupParameters, ...state.saysIsolation ? isolation : {} }
  }), late)
  const part: PgPart = Object.assign(state, { pool })
  return part
})

export type Ask<A, E, R> = (
  pool: PgOwnPool.PgOwnPool
) => Effect.Effect<A, E | SqlError.SqlError, R>

/** Uses the first part that has a connection or can open one. */
export const asking = Effect.map(
  Monotonic.millis,
  (now) =>
  <A, E, R>(
    [own, ...others]: readonly [PgPart, ...ReadonlyArray<PgPart>],
    ask: Ask<A, E, R>
  ): Effect.Effect<A, E | SqlError.SqlError, R> => {
    const first = (
      part: PgPart,
      rest: ReadonlyArray<PgPart>
    ): Effect.Effect<A, E | SqlError.SqlError, R> =>
      Effect.suspend(() => {
        const said = part.saysIsolation
        const wasBusy = part.pool.isBusy()
        return Effect.catchIf(ask(part.pool), hasNotConnected, (error) => {
          const code = codeOf(error)
          if (said && isRefusal(code)) return Effect.andThen(silence(part), first(part, rest))
          if (!isShortage(code)) return Effect.fail(error)
          // The part's own connections suffice if its statements take turns.
          if (wasBusy || part.pool.isBusy()) {
            return Effect.andThen(part.pool.freed, first(part, rest))
          }
          part.emptyUntil = now() + emptyFor
          const [next, ...others] = rest
          return next === undefined ? Effect.fail(error) : first(next, others)
        })
      })
    const all = Effect.suspend(() => {
      const [next, ...rest] = [own, ...others].filter(({ emptyUntil }) => now() >= emptyUntil)
      return next === undefined ? first(own, others) : first(next, rest)
    })
    return Effect.catchIf(
      all,
      (error) => hasNotConnected(error) && isShortage(codeOf(error)),
      // Another part may have been about to take the last one.
      () => Effect.delay(all, "100 millis")
    )
  }
)

/** Of several refused attempts, only the first replaces the pool. */
const silence = (part: PgPart) =>
  Effect.suspend(() => {
    if (!part.saysIsolation) return Effect.void
    part.saysIsolation = false
    return part.pool.replace
  })

export const hasNotConnected = (error: unknown): error is SqlError.SqlError =>
  SqlError.isSqlError(error) && error.reason.operation === "connect"

const codeOf = (error: SqlError.SqlError) => storeError("connect")(error).code ?? ""

/** Without this, a role's own default isolation level could stop a worker. */
const isolation = { default_transaction_isolation: "read committed" }

/** SQLSTATEs by which poolers refuse an unknown start-up parameter. */
const isRefusal = (code: string) => ["08P01", "0A000", "22023", "42704"].includes(code)

/** Too many connections: of the server, the database, or the role. */
const isShortage = (code: string) => code === "53300"

/** Milliseconds. */
const emptyFor = 1000
