/**
 * Plans, runs and undoes operations in PostgreSQL. The steps behind it are in
 * `sql/0024_operations.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { Clock, Effect, Layer } from "effect"
import { JobInvalid } from "../../domain/Errors.ts"
import * as ErrorText from "../../domain/ErrorText.ts"
import { bounds, OperationRefused } from "../../domain/Operation.ts"
import * as OperationInput from "../../domain/OperationInput.ts"
import { Operations } from "../../services/Operations.ts"
import * as PgJobList from "./PgJobList.ts"
import * as PgOperationIds from "./PgOperationIds.ts"
import * as PgOperationReads from "./PgOperationReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

const make = Effect.fnUntraced(function*(schema: string) {
  const sql = (yield* PgClient.PgClient).withoutTransforms()
  const { find, items, list, operation } = PgOperationReads.make(sql, schema)
  const { go, plan, steer } = steps(sql, schema)
  const search = PgJobList.make(sql, schema)

  return Operations.of({
    find,
    items,
    list,
    plan: Effect.fn("Operations.plan")(function*(input) {
      const checked = yield* Effect.fromResult(OperationInput.ofPlan(input))
      const ids = checked.ids ?? (yield* PgOperationIds.found(search, checked.query ?? ""))
      return yield* find(yield* plan({ ...checked, ids }))
    }),
    run: Effect.fn("Operations.run")(function*(id, { count } = {}) {
      const { planned } = yield* operation(id)
      if (planned > bounds.unconfirmedMax && count !== planned) return yield* unconfirmed(planned)
      if ((yield* steer(id, "run")) === "expired") return yield* expired
      yield* go(id, "run_operation")
      return yield* operation(id)
    }),
    stop: Effect.fn("Operations.stop")(function*(id) {
      yield* steer(id, "stop")
      return yield* operation(id)
    }),
    undo: Effect.fn("Operations.undo")(function*(id) {
      yield* steer(id, "undo")
      yield* go(id, "undo_operation")
      return yield* operation(id)
    })
  })
})

const steps = (sql: PgClient.PgClient, schema: string) => {
  const step = (name: string) => sql(`${schema}.${name}`)

  const plan = Effect.fnUntraced(function*(
    input: OperationInput.Plan & { readonly ids: ReadonlyArray<bigint> }
  ) {
    const { action, actor, change = null, id = crypto.randomUUID(), ids, query, reason } = input
    yield* sql`
      SELECT ${step("plan_operation")}(
        ${id}::uuid, ${action}::text, ${ids}::bigint[], ${change}::text::jsonb,
        ${reason === undefined ? null : ErrorText.storable(reason)}::text,
        ${ErrorText.storable(actor)}::text,
        ${query === undefined ? null : ErrorText.storable(query)}::text
      )
    `.pipe(withTimeout("plan"))
    return id
  })

  /** The state of an operation afterwards. */
  const steer = Effect.fnUntraced(function*(id: string, wish: "run" | "stop" | "undo") {
    const issue = OperationInput.idIssue(id)
    if (issue !== undefined) return yield* new JobInvalid({ issue })
    const [row] = yield* sql<{ state: string | null }>`
      SELECT ${step("steer_operation")}(${id}::uuid, ${wish}::text) AS state
    `.pipe(withTimeout(wish))
    return row?.state ?? (yield* PgOperationReads.unknown)
  })

  /** Takes chunk after chunk. Each transaction leaves the database as long a rest as it took. */
  const go = Effect.fnUntraced(function*(id: string, name: "run_operation" | "undo_operation") {
    while (true) {
      const before = yield* Clock.currentTimeMillis
      const [row] = yield* sql<{ count: number }>`
        SELECT ${step(name)}(${id}::uuid, ${bounds.chunk}::integer) AS count
      `.pipe(withTimeout(name))
      if (row?.count === 0) return
      yield* Effect.sleep((yield* Clock.currentTimeMillis) - before)
    }
  })

  return { go, plan, steer }
}

const unconfirmed = (planned: number) =>
  new OperationRefused({
    reason: "unconfirmed",
    detail: `the operation is for ${planned} jobs: it runs if that number is repeated`
  })

const expired = new OperationRefused({
  reason: "expired",
  detail: "the plan is older than ten minutes: plan it anew"
})

export const layer = (options: {
  readonly schema: string
}): Layer.Layer<Operations, never, PgClient.PgClient> =>
  Layer.effect(Operations, make(options.schema))
