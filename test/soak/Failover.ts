/**
 * A server dies and its standby takes over: read-only at first, then in its stead.
 */
import { Effect } from "effect"
import * as Database from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import * as Standby from "./Standby.ts"

export interface Options extends Standby.Primary {
  /** Ends the server without a word to anybody. */
  readonly kill: Effect.Effect<void>
  /** Starts what is in the server's folder. */
  readonly start: Effect.Effect<void>
  /** How long the standby lags behind, and nobody can write afterwards. */
  readonly lagMillis: number
}

/** No commit that was answered is lost. */
export const synchronous = Effect.fnUntraced(function*(options: Options) {
  const standby = yield* Standby.open(options)
  yield* standby.synchronous
  yield* Effect.sleep(options.lagMillis)
  yield* options.kill
  yield* standby.stop
  yield* takeOver(options, standby)
}, Effect.scoped)

/**
 * What was committed in the time that it answers may be lost; after it nobody could write for a
 * while.
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

/** It answers questions for a while before it takes writes; answers when that while ended. */
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
