/**
 * How long pgq waits for the answer to a statement. A connection whose other end is gone without a
 * word looks like a slow server: after the bound the statement is given up, and sent again on
 * another one.
 *
 * Each statement of pgq passes through `answered`, but for those in a caller's own transaction and
 * for migrations, which take as long as they take, and for the first look at a database, which has
 * a bound of its own. Nothing waits for the end of a statement that was given up: the client
 * cancels it, and closes its connection 5 seconds later if it hears nothing.
 */
import { Duration, Effect } from "effect"
import type { SqlError } from "effect/sql"
import { StoreError } from "../../domain/Errors.ts"
import { bounds, within } from "../effects/Deadline.ts"
import { storeError } from "./PgError.ts"

/** Fails when there is no answer in time. The statement may have been done. */
export const withTimeout =
  (operation: string, limit: Duration.Duration = bounds.statement) =>
  <A, R>(query: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, StoreError, R> =>
    within(Effect.mapError(query, storeError(operation)), {
      limit,
      orElse: Effect.suspend(() => Effect.fail(silence(operation, limit)))
    })

const silence = (operation: string, limit: Duration.Duration) =>
  new StoreError({
    operation,
    isTransient: true,
    isOutcomeUnknown: true,
    detail: `the server did not answer within ${Duration.toSeconds(limit)} seconds`,
    cause: undefined
  })
