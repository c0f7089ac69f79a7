/**
 * What `pgq check` finds, and how it looks without leaving a trace.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Exit } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import type { StoreError } from "../domain/Errors.ts"
import { storeError } from "../layers/PgError.ts"

export interface Finding {
  /** Whether all is well, something is to be known, or no worker can work so. */
  readonly verdict: "ok" | "warn" | "FAIL"
  readonly what: string
  readonly detail: string
}

export type Findings = ReadonlyArray<Finding>

/** One thing that is looked at in the database. */
export type Look = Effect.Effect<Findings, StoreError, PgClient.PgClient | SqlClient.SqlClient>

export const ok = (what: string, detail: string): Finding => ({ verdict: "ok", what, detail })
export const warn = (what: string, detail: string): Finding => ({ verdict: "warn", what, detail })
export const fail = (what: string, detail: string): Finding => ({ verdict: "FAIL", what, detail })

/** What is wrong, or that nothing is. */
export const orOk = (wrong: Findings, what: string, detail: string): Findings =>
  wrong.length === 0 ? [ok(what, detail)] : wrong

export const asked = <A, R>(
  query: Effect.Effect<A, SqlError.SqlError, R>
): Effect.Effect<A, StoreError, R> => Effect.mapError(query, storeError("check"))

/** Runs it in a transaction, or within one at a savepoint, of which nothing stays. */
export const undone = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E | SqlError.SqlError, R | SqlClient.SqlClient> =>
  SqlClient.SqlClient.use((sql) =>
    Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(effect), Effect.fail))).pipe(
      // A connection lost in a transaction arrives as a defect.
      Effect.catchDefect((defect) =>
        SqlError.isSqlError(defect) ? Effect.succeed(defect) : Effect.die(defect)
      ),
      Effect.flatMap((end): Effect.Effect<A, E | SqlError.SqlError> =>
        Exit.isExit(end) ? end : Effect.fail(end)
      )
    )
  )
