/**
 * A failover: a server dies, and its standby takes over. The standby is read-only at first.
 */
import { Effect } from "effect"
import * as Database from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import * as Standby from "./Standby.ts"

export interface Options extends Standby.Primary {
  /** Kills the server without a shutdown. */
  readonly kill: Effect.Effect<void>
  /** Starts a server on the data in the server's folder. */
  readonly start: Effect.Effect<void>
  /** How long the standby lags behind the server, and how long it is read-only afterwards. */
  readonly lagMillis: number
}

/** Loses no commit that was answered. */
export const synchronous = Effect.fnUntraced(function*(options: Options) {
  const standby = yield* Standby.open(options)
  yield* standby.synchronous
  yield* Effect.sleep(options.lagMillis)
  yield* options.kill
  yield* standby.stop
  yield* takeOver(options, standby)
}, Effect.scoped)

/**
 * Answers the time in which the lost commits were made. It ends before the standby takes writes.
 */
export const asynchronous = Effect.fnUntraced(function*(options: Options) {
  const standby = yield* Standby.open(options)
  const from = Ledger.now()
  yield* standby.caughtUp
  yield* standby.stop
  yield* Effect.sleep(options.lagMillis)
  yield* options.kill
  const until = yield* takeOver(options, standby)
  return { from, until }
}, Effect.scoped)

/**
 * Starts the standby read-only, and promotes it later. Answers the time just before the promotion.
 */
const takeOver = Effect.fnUntraced(
  function*({ lagMillis, start, url }: Options, standby: Standby.Standby) {
    yield* standby.replace
    yield* start
    yield* Effect.sleep(lagMillis)
    const until = Ledger.now()
    yield* Database.ask(url, (sql) => sql`SELECT pg_promote()`)
    return until
  }
)
