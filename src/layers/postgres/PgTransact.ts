/**
 * One transaction that completes a job when it commits: it begins, the handler runs, the completion
 * is added, and it commits.
 */
import type { PgClient } from "@effect/sql-pg"
import { Cause, Deferred, Duration, Effect, Exit, Fiber } from "effect"
import { SqlClient, SqlError } from "effect/sql"
import { StoreError } from "../../domain/Errors.ts"
import type { TransactionEnd } from "../../domain/TransactionEnd.ts"
import type { Completion, TransactionalRun } from "../../services/Transactions.ts"
import { bounds } from "../effects/Deadline.ts"
import { storeError } from "./PgError.ts"
import { silence, withTimeout } from "./QueryTimeout.ts"

export const make = (sql: PgClient.PgClient, schema: string) => {
  const completions = sql(`${schema}.completions`)

  /** Answers false if the transaction completes the job already. */
  const insert = Effect.fnUntraced(function*({ id, lease, ranFor, result }: Completion) {
    const keep = result === undefined ? null : Math.min(Duration.toSeconds(result.keep), keepMax)
    const added = yield* sql`
      INSERT INTO ${completions} (lease, job_id, value, error, keep, ran_ms)
      VALUES (${lease}::uuid, ${id}, ${result?.value ?? null}::jsonb, ${result?.error ?? null},
              ${keep}, ${Math.min(Math.round(ranFor), integerMax)})
      ON CONFLICT DO NOTHING
      RETURNING job_id
    `
    return added.length > 0
  }, withTimeout("complete"))

  // The steps of pgq cannot be interrupted: they are short, and a handler that has succeeded has
  // its job completed, whatever is asked of it meanwhile.
  const body = (
    seen: Seen,
    { completion, handler, onBegin, timeout }: TransactionalRun
  ) =>
    Effect.gen(function*() {
      yield* bound(sql, timeout)
      seen.phase = "running"
      onBegin()
      seen.exit = yield* apart(handler)
      Deferred.doneUnsafe(seen.handled, Effect.void)
      const value = yield* seen.exit
      seen.phase = "completing"
      yield* insert(completion(value))
      yield* sql.afterCommit(Effect.sync(() => {
        seen.isCommitted = true
      }))
      seen.phase = "committing"
    }).pipe(Effect.uninterruptible)

  return {
    insert,
    /** Runs a handler. `inTurn` keeps the number of open transactions within bounds. */
    run: (
      run: TransactionalRun,
      inTurn: <A, E>(transaction: Effect.Effect<A, E>) => Effect.Effect<A, E>
    ): Effect.Effect<TransactionEnd> =>
      Effect.gen(function*() {
        const handled = yield* Deferred.make<void>()
        const seen: Seen = { phase: "beginning", isCommitted: false, exit: undefined, handled }
        // The handler's own transactions, on other clients, begin as they always do.
        const begin = yield* SqlClient.BeginTransaction
        const handler = Effect.provideService(run.handler, SqlClient.BeginTransaction, begin)
        const transaction = Effect.provideService(
          sql.withTransaction(body(seen, { ...run, handler })),
          SqlClient.BeginTransaction,
          "BEGIN ISOLATION LEVEL READ COMMITTED"
        )
        const exit = yield* apart(Effect.interruptible(inTurn(transaction)), silenceAfter(handled))
        const { isCommitted, phase } = seen
        return { isCommitted, phase, exit: seen.exit ?? exit, error: errorOf(exit, seen.exit) }
      })
  }
}

/** The server ends a transaction whose worker has gone silent. */
const bound = (sql: PgClient.PgClient, timeout: Duration.Duration) => {
  const limit = String(Math.ceil(Duration.toMillis(timeout)) + grace)
  return sql`
    SELECT set_config('idle_in_transaction_session_timeout', ${limit}, true),
           CASE WHEN current_setting('server_version_num')::integer >= 170000
                THEN set_config('transaction_timeout', ${limit}, true) END
  `.pipe(withTimeout("begin"))
}

/**
 * Runs a handler, or its whole transaction, in a fiber of its own, and does not wait for its end
 * once `givenUp` has an answer.
 *
 * A value of a handler that is no Effect would kill this fiber, past the end of the transaction,
 * whose connection would never come back.
 */
const apart = Effect.fnUntraced(function*(
  effect: Effect.Effect<unknown, unknown>,
  givenUp: Effect.Effect<Exit.Exit<unknown, unknown>> = Effect.never
) {
  const fiber = yield* Effect.forkDetach(effect, {
    startImmediately: true,
    uninterruptible: "inherit"
  })
  const end = Effect.raceFirst(
    Effect.interruptible(Fiber.await(fiber)),
    Effect.interruptible(givenUp)
  )
  const waited = yield* Effect.exit(Effect.interruptible(end))
  if (Exit.isSuccess(waited)) return waited.value
  // The reason travels along.
  fiber.interruptUnsafe(undefined, Cause.annotations(waited.cause))
  return yield* end
})

/** A connection that has gone silent answers neither COMMIT nor ROLLBACK. */
const silenceAfter = (handled: Deferred.Deferred<void>) =>
  Deferred.await(handled).pipe(
    Effect.andThen(Effect.sleep(bounds.statement)),
    Effect.as(Exit.fail(silence("commit")))
  )

interface Seen {
  /** The handler has ended. */
  readonly handled: Deferred.Deferred<void>
  phase: TransactionEnd["phase"]
  isCommitted: boolean
  /** The exit of the handler. */
  exit: Exit.Exit<unknown, unknown> | undefined
}

/**
 * The error of pgq's own statements, as opposed to those of the handler. A closed connection has
 * the same error for all, so the errors of the handler are counted.
 */
const errorOf = (
  exit: Exit.Exit<unknown, unknown>,
  handled: Exit.Exit<unknown, unknown> | undefined
): StoreError | undefined => {
  const ofHandler = handled === undefined ? [] : [...errorsOf(handled)]
  for (const error of errorsOf(exit)) {
    const at = ofHandler.findIndex(({ _tag, value }) =>
      _tag === error._tag && value === error.value
    )
    if (at >= 0) ofHandler.splice(at, 1)
    else if (error.value instanceof StoreError) return error.value
    else if (SqlError.isSqlError(error.value)) return storeError("commit")(error.value)
  }
  return undefined
}

interface Thrown {
  readonly _tag: "Fail" | "Die"
  readonly value: unknown
}

const errorsOf = (exit: Exit.Exit<unknown, unknown>): ReadonlyArray<Thrown> =>
  Exit.isSuccess(exit) ?
    [] :
    exit.cause.reasons.flatMap((reason): ReadonlyArray<Thrown> =>
      Cause.isFailReason(reason)
        ? [{ _tag: "Fail", value: reason.error }]
        : Cause.isDieReason(reason)
        ? [{ _tag: "Die", value: reason.defect }]
        : []
    )

/** Milliseconds beyond the timeout of the run, in which it is interrupted in peace. */
const grace = 1000

/** Ten years, as of each result. */
const keepMax = 315_360_000

/** PostgreSQL's greatest `integer`. */
const integerMax = 2_147_483_647
