/**
 * Completes jobs in the commit of a transaction of the application's client. The steps behind it
 * are in `sql/0020_transactions.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Duration, Effect, Layer, Option, Predicate, Semaphore } from "effect"
import { NotInTransaction, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { CommitAnswer } from "../../domain/TransactionEnd.ts"
import type { Handlers } from "../../services/Handlers.ts"
import { type Completion, Transactions } from "../../services/Transactions.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as PgTransact from "./PgTransact.ts"
import { withTimeout } from "./QueryTimeout.ts"

interface Options {
  readonly schema: string
  /** The client of the handlers. Questions are asked on the connections of the layer's client. */
  readonly application: PgClient.PgClient
  /** The handlers of a worker, of which many run at once. */
  readonly handlers?: Handlers["Service"]
}

const make = Effect.fnUntraced(function*({ application, handlers, schema }: Options) {
  const asking = yield* PgClient.PgClient
  const sql = application.withoutTransforms()
  const kinds = transactionalOf(handlers)
  const turns = yield* Semaphore.make(yield* permitsOf(application, kinds))
  yield* Effect.forEach(kinds, sayIfLong, { discard: true })
  yield* Effect.forEach(kinds, sayIfElsewhere(application), { discard: true })
  const transact = PgTransact.make(sql, schema)

  const complete: Transactions["Service"]["complete"] = Effect.fn("Transactions.complete")(
    function*(completion, onCommit) {
      const transaction = yield* Effect.serviceOption(sql.transactionService)
      if (Option.isNone(transaction)) return yield* new NotInTransaction({ id: completion.id })
      if (!(yield* transact.insert(completion))) return yield* twice(completion)
      yield* sql.afterCommit(Effect.sync(onCommit))
    }
  )

  const ask: Transactions["Service"]["ask"] = Effect.fn("Transactions.ask")(
    ({ id, lease }) =>
      Effect.map(
        asking<{ answer: CommitAnswer }>`
          SELECT ${asking(`${schema}.settled`)}(${lease}::uuid, ${id}) AS answer
        `,
        ([row]) => row?.answer ?? "lost"
      ),
    withTimeout("settled")
  )

  return Transactions.of({
    run: (run) => transact.run(run, (transaction) => turns.withPermit(transaction)),
    complete,
    ask
  })
})

/** Needs a client for questions, which waits for no handler. */
export const layer = (
  options: Options
): Layer.Layer<Transactions, SettingInvalid, PgClient.PgClient> =>
  Layer.effect(Transactions, make(options))

/**
 * How many transactions of jobs run at once. Each holds a connection of the application's client,
 * which needs some for its other work.
 */
const permitsOf = (
  { config }: PgClient.PgClient,
  [kind]: ReadonlyArray<Kind>
): Effect.Effect<number, SettingInvalid> => {
  const max = Predicate.hasProperty(config, "maxConnections") &&
      typeof config.maxConnections === "number"
    ? config.maxConnections
    : driversMax
  const permits = max - kept
  return permits >= 1 || kind === undefined
    ? Effect.succeed(Math.max(permits, 1))
    : Effect.fail(
      new SettingInvalid({
        setting: "maxConnections",
        issue: `the transactional kind "${kind.name}" needs a client with at least ${kept + 1} ` +
          `connections, of which ${kept} are for its other work; it has ${max}`
      })
    )
}

interface Kind {
  readonly name: string
  readonly timeout: Duration.Duration
  readonly context: Context.Context<never> | undefined
}

const transactionalOf = (handlers: Handlers["Service"] | undefined): ReadonlyArray<Kind> =>
  handlers?.names.flatMap((name) => {
    const { context, policy } = handlers.find(name) ?? {}
    const timeout = policy?.transactional
    return timeout === undefined ? [] : [{ name, timeout, context }]
  }) ?? []

const sayIfLong = ({ name, timeout }: Kind): Effect.Effect<void> =>
  Duration.isGreaterThan(timeout, long)
    ? EventLog.warning("setting.remark", {
      text: `a transaction of the kind "${name}" may stay open for ${Duration.format(timeout)}: ` +
        "while it is open, no vacuum removes dead rows, and every claim gets slower"
    })
    : Effect.void

const long = Duration.minutes(1)

/** The writes of such a handler would be in no transaction, and happen more than once. */
const sayIfElsewhere =
  (application: PgClient.PgClient) => ({ context, name }: Kind): Effect.Effect<void> => {
    const own = context && Option.getOrUndefined(Context.getOption(context, PgClient.PgClient))
    return own === undefined || own.transactionService.key === application.transactionService.key
      ? Effect.void
      : EventLog.warning("setting.remark", {
        text:
          `the handler of the transactional kind "${name}" was given another PgClient than its ` +
          "worker: what it writes there is in no transaction with its job"
      })
  }

/** The driver's default. */
const driversMax = 10

const kept = 3

const twice = ({ id }: Completion) =>
  new StoreError({
    operation: "complete",
    isTransient: false,
    detail: `this transaction completes job ${id} already`,
    cause: undefined
  })
