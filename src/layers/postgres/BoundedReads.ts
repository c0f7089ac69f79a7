/**
 * Reads that are bounded in time, and leave nothing behind in their session.
 *
 * They run in a transaction that is rolled back, or at a savepoint of the caller's transaction, so
 * the settings of the reads end with them.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect, Exit, type Option } from "effect"
import type { StoreError } from "../../domain/Errors.ts"
import { lossAsFailure } from "./PgError.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** The schema that is read. */
export interface To {
  readonly sql: PgClient.PgClient
  readonly schema: string
  /** A table or function of the schema. */
  readonly name: (relation: string) => ReturnType<PgClient.PgClient>
}

/** The longest that the server works on one statement, in milliseconds. */
export const statementMax = 2000

/** The same where dead rows make a look slow, just when people look. */
export const latencyMax = 200

/** Reads, one after the other, with the settings of bounded reads. */
export const within = <A, R>(
  sql: PgClient.PgClient,
  operation: string,
  reads: Effect.Effect<A, StoreError, R>
): Effect.Effect<A, StoreError, R> =>
  undone(
    sql,
    operation,
    // Each statement has one index to use. Without a choice, the planner stays with it whatever the
    // statistics are, and a plan that is made once is good for any parameters.
    sql`
      SELECT set_config('transaction_read_only', 'on', true),
             set_config('statement_timeout', ${String(statementMax)}, true),
             set_config('lock_timeout', '500', true), set_config('enable_seqscan', 'off', true),
             set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true),
             set_config('plan_cache_mode', 'force_generic_plan', true)
    `.pipe(withTimeout(operation), Effect.andThen(reads))
  )

/** A read that gives no answer if it takes too long, or if the role may not see so much. */
export const part = <A, R>(
  sql: PgClient.PgClient,
  operation: string,
  read: Effect.Effect<A, StoreError, R>
): Effect.Effect<Option.Option<A>, StoreError, R> =>
  undone(sql, operation, read).pipe(
    Effect.asSome,
    Effect.catchIf(isUnread, () => Effect.succeedNone)
  )

/** Lowers the limit of the statements that follow in the same part. */
export const limitTo = (sql: PgClient.PgClient, millis: number) =>
  withTimeout("limit")(sql`SELECT set_config('statement_timeout', ${String(millis)}, true)`)

/** The server gave up a statement or a lock, or the role has no right. */
const isUnread = ({ code }: StoreError): boolean =>
  code === "57014" || code === "55P03" || code === "42501"

const undone = <A, R>(
  sql: PgClient.PgClient,
  operation: string,
  reads: Effect.Effect<A, StoreError, R>
): Effect.Effect<A, StoreError, R> =>
  lossAsFailure(
    Effect.flip(sql.withTransaction(Effect.flatMap(Effect.exit(reads), Effect.fail)))
  ).pipe(
    Effect.flatMap((end) => Exit.isExit(end) ? Effect.succeed(end) : Effect.fail(end)),
    withTimeout(operation),
    Effect.flatten
  )
