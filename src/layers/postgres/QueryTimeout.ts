/**
 * The timeout of each statement. A connection whose peer has vanished looks like a slow server:
 * after the timeout the statement is abandoned, and sent again on another connection.
 *
 * Every statement of pgq passes through `withTimeout`, with three exceptions: statements in a
 * caller's own transaction, migrations, which take as long as they take, and the first look at a
 * database, which has a limit of its own. An abandoned statement is not waited for: the client
 * cancels it and closes its connection 5 seconds later if no answer comes.
 */
import { Duration, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { StoreError } from "../../domain/Errors.ts"
import { bounds, within } from "../effects/Deadline.ts"
import { storeError } from "./PgError.ts"

/** Fails if there is no answer in time. The statement may have been executed. */
export const withTimeout =
  (operation: string, limit: Duration.Duration = bounds.statement) =>
  <A, R>(query: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, StoreError, R> =>
    within(Effect.mapError(query, storeError(operation)), {
      limit,
      orElse: Effect.suspend(() => Effect.fail(silence(operation, limit)))
    })

/** The error of an operation that got no answer in time. */
export const silence = (operation: string, limit: Duration.Duration = bounds.statement) =>
  new StoreError({
    operation,
    isTransient: true,
    isOutcomeUnknown: true,
    detail: `the server did not answer within ${Duration.toSeconds(limit)} seconds`,
    cause: undefined
  })
