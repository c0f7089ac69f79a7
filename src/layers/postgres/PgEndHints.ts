/**
 * Hints that awaited jobs have ended, by LISTEN on a connection of its own, which is open while
 * somebody waits. The server tells of jobs with a row in `awaited` (`tell_awaited` in
 * `sql/0005_settle.sql`).
 *
 * Nothing depends on a hint: who waits also looks by the clock. So nobody is told if there is no
 * connection to be had, or no right to write the rows.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Latch } from "effect"
import * as Backoff from "../effects/Backoff.ts"
import { within } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as PgListener from "./PgListener.ts"
import { withTimeout } from "./QueryTimeout.ts"

export interface EndHints {
  /** Wants hints of these jobs. The first call opens the connection. */
  readonly want: (ids: ReadonlyArray<bigint>) => Effect.Effect<void>
}

export const make = Effect.fnUntraced(function*(
  sql: PgClient.PgClient,
  { hasWaiters, hint, schema }: {
    readonly schema: string
    readonly hasWaiters: () => boolean
    readonly hint: (ids: ReadonlySet<bigint> | "all") => void
  }
) {
  const now = yield* Monotonic.millis
  const isWanted = yield* Latch.make()
  /** The jobs with a row, and until when they count as having one. */
  const rows = new Map<bigint, number>()
  let isListening = false
  let losses = 0

  const listen = Effect.gen(function*() {
    yield* isWanted.await
    const listener = yield* PgListener.open(sql, { channel: `${schema}:ended`, name: "waiter" })
    isListening = true
    // The next look asks for the hints; the connection was not there yet.
    hint("all")
    const forward = listener.forward((payload) => Effect.sync(() => hint(idsOf(payload))))
    const check = Effect.gen(function*() {
      yield* Effect.sleep("5 seconds")
      yield* listener.check
      losses = 0
      if (!hasWaiters()) isWanted.closeUnsafe()
      return !hasWaiters()
    }).pipe(Effect.repeat({ until: (isIdle) => isIdle }))
    yield* Effect.raceFirst(forward, check)
  }).pipe(Effect.ensuring(Effect.sync(() => isListening = false)), Effect.scoped)

  yield* listen.pipe(
    Effect.tapError((error) =>
      EventLog.debug("listen.failed", {
        text: "LISTEN failed; until it works, results are seen up to a second late",
        fields: { operation: "listen", schema },
        cause: error
      })
    ),
    Effect.catch(() => Effect.flatMap(Backoff.wait(growth, ++losses), Effect.sleep)),
    restartOnDefect("listening"),
    Effect.forever,
    Effect.forkScoped
  )

  const want: EndHints["want"] = (ids) =>
    Effect.suspend(() => {
      isWanted.openUnsafe()
      if (!isListening) return Effect.void
      const at = now()
      for (const [id, until] of rows) if (until <= at) rows.delete(id)
      const missing = ids.filter((id) => !rows.has(id))
      if (missing.length === 0) return Effect.void
      for (const id of missing) rows.set(id, at + renewEvery)
      const writing = sql`SELECT FROM ${sql(`${schema}.await_ends`)}(${missing}::bigint[])`.pipe(
        withTimeout("ended"),
        Effect.ignore
      )
      return within(writing, { limit: patience, orElse: Effect.void })
    })

  return { want }
})

/** A row stands for five minutes. */
const renewEvery = Duration.toMillis("2 minutes")

/** Hints are worth no longer wait: the looks wait meanwhile. */
const patience = Duration.seconds(1)

const growth = { base: "1 second", cap: "1 minute" } as const

const idsOf = (payload: string): ReadonlySet<bigint> | "all" =>
  /^\d+(,\d+)*$/.test(payload) ? new Set(payload.split(",").map(BigInt)) : "all"
