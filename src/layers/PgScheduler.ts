/**
 * Takes care of what time brings, by the database's clock.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import { Scheduler } from "../services/Scheduler.ts"
import { answered } from "./Deadline.ts"
import { storeError } from "./PgError.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const step = (name: string) => sql(`${schema}.${name}`)

  const promote = sql<{ promoted: number; is_behind: boolean; next_in: number | null }>`
    SELECT promoted, is_behind, next_in FROM ${step("promote")}(1000)
  `.pipe(
    Effect.map(([row]) => ({
      promoted: row!.promoted,
      isBehind: row!.is_behind,
      next: row!.next_in === null ? undefined : Duration.seconds(row!.next_in)
    })),
    answered("promote"),
    Effect.withSpan("Scheduler.promote")
  )

  const rescue = sql<{ rescued: number }>`SELECT ${step("rescue")}() AS rescued`.pipe(
    Effect.map(([row]) => row!.rescued),
    answered("rescue"),
    Effect.withSpan("Scheduler.rescue")
  )

  const forget = sql`SELECT ${step("forget")}()`.pipe(
    Effect.asVoid,
    answered("forget"),
    Effect.withSpan("Scheduler.forget")
  )

  // Each in a transaction of its own; one that has to wait does not keep the other from it.
  const prune = Effect.validate(
    ["prune_completed", "prune_failed"],
    (name) => sql`SELECT ${step(name)}()`,
    { discard: true }
  ).pipe(
    Effect.mapError(([error]) => storeError("prune")(error)),
    Effect.withSpan("Scheduler.prune")
  )

  return Scheduler.of({ promote, rescue, forget, prune })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Scheduler, never, PgClient.PgClient> =>
  Layer.effect(Scheduler, make(options.schema))
