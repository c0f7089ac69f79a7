/**
 * A finding of `pgq check`, and transactions that leave no trace.
 */
import type { PgClient } from "@effect/sql-pg"
import { Duration, Effect, Exit } from "effect"
import { SqlClient } from "effect/sql"
import type { StoreError } from "../../domain/Errors.ts"
import { lossAsFailure } from "../../layers/postgres/PgError.ts"
import { withTimeout } from "../../layers/postgres/QueryTimeout.ts"

export interface Finding {
  /** `ok`; `warn` for a fact worth knowing; `FAIL` if no worker can work. */
  readonly verdict: "ok" | "warn" | "FAIL"
  readonly what: string
  readonly detail: string
}

export type Findings = ReadonlyArray<Finding>

/** One question to the database. */
export type Look = Effect.Effect<Findings, StoreError, PgClient.PgClient | SqlClient.SqlClient>

export const ok = (what: string, detail: string): Finding => ({ verdict: "ok", what, detail })
export const warn = (what: string, detail: string): Finding => ({ verdict: "warn", what, detail })
export const fail = (what: string, detail: string): Finding => ({ verdict: "FAIL", what, detail })

/** The finding as a line of `pgq check`. */
export const line = ({ detail, verdict, what }: Finding): string =>
  `${verdict.padEnd(4)}  ${what.padEnd(10)}  ${detail}`

/** The faults found, or one line that says that all is well. */
export const orOk = (wrong: Findings, what: string, detail: string): Findings =>
  wrong.length === 0 ? [ok(what, detail)] : wrong

/** The server ends a statement earlier: `check` gives each 30 seconds. */
const statementLimit = Duration.seconds(35)

/** The limit for a transaction, including its BEGIN and its end. */
const transactionLimit = Duration.minutes(2)

export const asked = withTimeout("check", statementLimit)

/** Runs an effect in a transaction, or at a savepoint within one, and rolls it back. */
export const undone = <A, R>(
  effect: Effect.Effect<A, StoreError, R>
): Effect.Effect<A, StoreError, R | SqlClient.SqlClient> =>
  SqlClient.SqlClient.use((sql) =>
    lossAsFailure(
      Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(effect), Effect.fail)))
    ).pipe(
      Effect.flatMap((end) => Exit.isExit(end) ? Effect.succeed(end) : Effect.fail(end)),
      withTimeout("check", transactionLimit),
      Effect.flatten
    )
  )
