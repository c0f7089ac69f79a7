/**
 * How long pgq waits for the database. A connection whose other end is gone without a word looks like
 * a slow server; after this it is closed, and what it was asked is asked again on another one.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import { StoreError } from "../domain/Errors.ts"
import { storeError } from "./PgError.ts"

/** Seconds. Longer than any step of pgq takes on a server that is only busy. */
export const deadline = 20

/**
 * Fails when there is no answer in time, whether the caller can be interrupted or not. What was asked
 * may have been done.
 */
export const answered =
  (operation: string) =>
  <A, R>(query: Effect.Effect<A, SqlError.SqlError, R>): Effect.Effect<A, StoreError, R> =>
    query.pipe(
      Effect.interruptible,
      Effect.mapError(storeError(operation)),
      Effect.timeoutOrElse({
        duration: `${deadline} seconds`,
        orElse: () =>
          Effect.fail(
            new StoreError({
              operation,
              isTransient: true,
              isUnknown: true,
              detail: `the server did not answer within ${deadline} seconds`,
              cause: undefined
            })
          )
      })
    )
