/**
 * A pool of connections that is replaced as a whole when one of them does not answer: where one has
 * lost its other end, others may have, and each would be found out only after a wait of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { Cause, Clock, Duration, Effect, Exit, Scope } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlConnection, SqlError } from "effect/sql"
import { bounds, closeWithin } from "./Deadline.ts"

export interface PgOwnPool {
  readonly reserve: SqlConnection.Acquirer
  /** Closes what is idle now, and the others when their statements have ended. */
  readonly replace: Effect.Effect<void, SqlError.SqlError>
}

/** A statement that takes longer than `late` tells that a connection does not answer. */
export const make = Effect.fnUntraced(function*(
  config: () => PgClient.PgPoolConfig,
  late: Duration.Duration
) {
  const clock = yield* Clock.Clock
  const reactivity = yield* Reactivity.make
  const now = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000_000n)

  const open = Effect.gen(function*(): Effect.fn.Return<Connections, SqlError.SqlError> {
    const scope = yield* Scope.make()
    const client = yield* PgClient.make(config()).pipe(
      Scope.provide(scope),
      Effect.provideService(Reactivity.Reactivity, reactivity)
    )
    return { client, scope, askedAt: new Set() }
  })
  let current = yield* open
  let isClosed = false

  const replace = Effect.gen(function*() {
    const next = yield* open
    // Who still waits for an answer after the end needs no other connections.
    const last = isClosed ? next : current
    current = isClosed ? current : next
    // This waits for the statements that are under way.
    yield* Effect.forkDetach(Scope.close(last.scope, Exit.void), { startImmediately: true })
  }).pipe(Effect.uninterruptible)

  const isSilent = () => {
    for (const { at } of current.askedAt) {
      if (now() - at > Duration.toMillis(late)) return true
    }
    return false
  }

  const reserve: SqlConnection.Acquirer = Effect.gen(function*() {
    if (isSilent()) yield* replace
    const from = current
    const connection = yield* from.client.reserve.pipe(
      // A pool that closes sends away who waits for it.
      Effect.catchCauseIf(
        (cause) => from !== current && Cause.hasInterruptsOnly(cause),
        () => reserve
      )
    )
    const asked = { at: now() }
    from.askedAt.add(asked)
    yield* Effect.addFinalizer(() => Effect.sync(() => from.askedAt.delete(asked)))
    return connection
  })

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      isClosed = true
      return closeWithin(bounds.hangUp)(current.scope)
    })
  )
  const pool: PgOwnPool = { reserve, replace }
  return pool
})

interface Connections {
  readonly client: PgClient.PgClient
  readonly scope: Scope.Closeable
  /** When each statement was sent that is under way. */
  readonly askedAt: Set<{ readonly at: number }>
}
