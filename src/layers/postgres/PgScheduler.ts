/**
 * The steps of maintenance in PostgreSQL, by the database's clock.
 */
import { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Layer } from "effect"
import type { Statement } from "effect/sql"
import { Scheduler } from "../../services/Scheduler.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const step = (name: string) => sql(`${schema}.${name}`)

  return Scheduler.of({
    promote: promote(sql, step),
    expire: expire(sql, step),
    rescue: rescue(sql, step),
    heal: heal(sql, step),
    unpause: unpause(sql, step),
    forget: forget(sql, step),
    rollUp: rollUp(sql, step),
    sample: sample(sql, step),
    prune: prune(sql, step)
  })
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Scheduler, never, PgClient.PgClient> =>
  Layer.effect(Scheduler, make(options.schema))

/** A function of `sql/`. */
type Step = (name: string) => Statement.Identifier

const promote = (sql: PgClient.PgClient, step: Step) => {
  /**
   * Set after some due jobs could not be made ready, and until none is behind. A step then takes
   * due jobs at random, not only the first ones.
   */
  let isCareful = false
  /** After a refusal, one job at a time, then more and more. */
  let promotedMax = promotedAtOnce
  return Effect.suspend(() =>
    sql<{ promoted: number; is_behind: boolean; next_in: number | null }>`
      SELECT promoted, is_behind, next_in FROM ${step("promote")}(${promotedMax}, ${isCareful})
    `
  ).pipe(
    Effect.map(([row]) => ({
      promoted: row!.promoted,
      isBehind: row!.is_behind,
      next: row!.next_in === null ? undefined : Duration.seconds(row!.next_in)
    })),
    withTimeout("promote"),
    Effect.tap(({ isBehind, promoted }) =>
      Effect.sync(() => {
        isCareful = isBehind && (isCareful || promoted < promotedMax)
        promotedMax = isBehind ? Math.min(promotedMax * 2, promotedAtOnce) : promotedAtOnce
      })
    ),
    Effect.catch((error) => {
      const isKnown = isCareful
      if (!error.isAnswer) return Effect.fail(error)
      isCareful = true
      promotedMax = 1
      return isKnown
        ? Effect.succeed({ promoted: 0, isBehind: true, next: undefined })
        : Effect.fail(error)
    }),
    Effect.withSpan("Scheduler.promote")
  )
}

const promotedAtOnce = 1000

const expire = (sql: PgClient.PgClient, step: Step) =>
  sql<{ expired: number; is_behind: boolean; next_in: number | null }>`
    SELECT expired, is_behind, next_in FROM ${step("expire")}(${expiredAtOnce})
  `.pipe(
    Effect.map(([row]) => ({
      expired: row!.expired,
      isBehind: row!.is_behind,
      next: row!.next_in === null ? undefined : Duration.seconds(row!.next_in)
    })),
    withTimeout("expire"),
    Effect.withSpan("Scheduler.expire")
  )

/** The jobs of one step, whose locks it holds for some hundredths of a second. */
const expiredAtOnce = 1000

const rescue = (sql: PgClient.PgClient, step: Step) => {
  /** After a refusal, one lease at a time, so that a refused lease does not keep the others. */
  let jobsMax = rescuedMax
  const handBack = Effect.suspend(() =>
    sql<{ rescued: number }>`SELECT ${step("rescue")}(${jobsMax}) AS rescued`
  ).pipe(
    Effect.map(([row]) => row!.rescued),
    withTimeout("rescue"),
    Effect.tapError(({ isAnswer, isTransient }) =>
      Effect.sync(() => {
        if (!isTransient) jobsMax = 1
        else if (isAnswer) jobsMax = Math.ceil(jobsMax / 8)
      })
    ),
    Effect.tap((rescued) =>
      Effect.sync(() => {
        if (rescued === 0) jobsMax = rescuedMax
      })
    )
  )
  // In a transaction of its own: a refused rescue must not keep dead workers from being found.
  return sql<{ has_abandoned: boolean }>`SELECT ${step("note_late")}() AS has_abandoned`.pipe(
    withTimeout("note_late"),
    Effect.flatMap(([row]) => row!.has_abandoned ? handBack : Effect.succeed(0)),
    Effect.withSpan("Scheduler.rescue")
  )
}

const rescuedMax = 4000

const heal = (sql: PgClient.PgClient, step: Step) => {
  /** The lane that was looked at last. */
  let lane = { queue: "", key: "" }
  return Effect.suspend(() =>
    sql<{ healed: number; last_queue: string | null; last_key: string | null }>`
      SELECT healed, last_queue, last_key
      FROM ${step("heal_lanes")}(${lane.queue}, ${lane.key}, ${lanesMax})
    `
  ).pipe(
    Effect.map(([row]) => {
      lane = { queue: row!.last_queue ?? "", key: row!.last_key ?? "" }
      return { healed: row!.healed, isAtEnd: row!.last_queue === null }
    }),
    withTimeout("heal"),
    Effect.withSpan("Scheduler.heal")
  )
}

/** The lanes of one step: some hundredths of a second of the server's time. */
const lanesMax = 5000

const unpause = (sql: PgClient.PgClient, step: Step) =>
  sql<{ unpaused: number; next_in: number | null }>`
    SELECT unpaused, next_in FROM ${step("unpause")}(${unpausedMax})
  `.pipe(
    Effect.map(([row]) => ({
      unpaused: row!.unpaused,
      next: row!.next_in === null ? undefined : Duration.seconds(row!.next_in)
    })),
    withTimeout("unpause"),
    Effect.withSpan("Scheduler.unpause")
  )

/** The jobs of one step. */
const unpausedMax = 1000

const forget = (sql: PgClient.PgClient, step: Step) =>
  sql<{ dropped: number; has_figures: boolean; until_minute: number }>`
    SELECT ${step("forget")}() AS dropped, ${step("figures_due")}() AS has_figures,
           60 - mod(extract(epoch FROM clock_timestamp()), 60)::float8 AS until_minute
  `.pipe(
    withTimeout("forget"),
    // Receipts may expire faster than one a round trip. Fewer than a whole step can wait.
    Effect.repeat({ while: ([row]) => row!.dropped === forgottenMax }),
    Effect.map(([row]) => ({
      hasFigures: row!.has_figures,
      untilMinute: Duration.seconds(row!.until_minute)
    })),
    Effect.withSpan("Scheduler.forget")
  )

/** The receipts that one step drops. */
const forgottenMax = 5000

const rollUp = (sql: PgClient.PgClient, step: Step) =>
  sql<{ added: number }>`SELECT ${step("roll_up")}(${addedAtOnce}) AS added`.pipe(
    withTimeout("rollUp"),
    Effect.repeat({ while: ([row]) => row!.added === addedAtOnce }),
    Effect.asVoid,
    Effect.withSpan("Scheduler.rollUp")
  )

const sample = (sql: PgClient.PgClient, step: Step) =>
  Effect.asVoid(sql`SELECT ${step("sample")}()`).pipe(
    withTimeout("sample", lookTime),
    Effect.withSpan("Scheduler.sample")
  )

/** A look that takes longer is not worth its time. */
const lookTime = Duration.seconds(2)

/** The pulses of one step: some tenths of a second of the server's time. */
const addedAtOnce = 10_000

/**
 * Each kind of history in transactions of its own, so that one that waits delays no other.
 */
const prune = (sql: PgClient.PgClient, step: Step) =>
  Effect.validate(
    ["prune_completed", "prune_failed", "prune_dropped", "prune_runs", "prune_logs"],
    (name) =>
      sql<{ has_more: boolean }>`SELECT ${step(name)}() AS has_more`.pipe(
        withTimeout("prune"),
        Effect.repeat({ while: ([row]) => row!.has_more })
      ),
    { discard: true }
  ).pipe(
    Effect.mapError(([error]) => error),
    Effect.withSpan("Scheduler.prune")
  )
