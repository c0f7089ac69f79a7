/**
 * Reads operations and their jobs from PostgreSQL.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { Statement } from "effect/sql"
import { JobInvalid } from "../../domain/Errors.ts"
import {
  bounds,
  type Operation,
  type OperationItem,
  type OperationPlan,
  OperationRefused
} from "../../domain/Operation.ts"
import * as OperationInput from "../../domain/OperationInput.ts"
import type { Operations } from "../../services/Operations.ts"
import { withTimeout } from "./QueryTimeout.ts"

type Service = Operations["Service"]

export const unknown: Effect.Effect<never, OperationRefused> = Effect.fail(
  new OperationRefused({
    reason: "unknown",
    detail: "there is no such operation, or it is older than 24 hours"
  })
)

export const make = (sql: PgClient.PgClient, schema: string) => {
  const operations = sql(`${schema}.operations`)
  const items = sql(`${schema}.operation_items`)

  const read = reader(sql, schema)

  const operation = Effect.fnUntraced(function*(id: string) {
    const issue = OperationInput.idIssue(id)
    if (issue !== undefined) return yield* new JobInvalid({ issue })
    const [found] = yield* read(sql`(SELECT * FROM ${operations} WHERE id = ${id}::uuid)`)
    return found ?? (yield* unknown)
  })

  const list: Service["list"] = Effect.fn("Operations.list")(function*({ limit = 50 } = {}) {
    return yield* read(
      sql`(SELECT * FROM ${operations} ORDER BY at DESC LIMIT ${atMost(limit)}::integer)`
    )
  })

  const itemsOf = (id: string, after: bigint, limit: number) =>
    sql<OperationItem>`
      SELECT job_id::text AS id, queue, name, was, fits, result, worker_id::text AS worker, error,
             undone
      FROM ${items} WHERE operation_id = ${id}::uuid AND job_id > ${after}::bigint
      ORDER BY job_id LIMIT ${limit}::integer
    `.pipe(withTimeout("operationItems"))

  const find: Service["find"] = Effect.fn("Operations.find")(function*(id) {
    const found = yield* operation(id)
    const parts = yield* sql<OperationPlan["parts"][number]>`
      SELECT queue, name, was, fits, can_undo AS "canUndo", count(*)::integer AS count
      FROM ${items} WHERE operation_id = ${id}::uuid
      GROUP BY 1, 2, 3, 4, 5 ORDER BY count(*) DESC, 1, 2, 3 LIMIT 100
    `.pipe(withTimeout("operationParts"))
    return { ...found, parts, samples: yield* itemsOf(id, least, bounds.samples) }
  })

  const page: Service["items"] = Effect.fn("Operations.items")(
    function*(id, { after = least, limit = 50 } = {}) {
      yield* operation(id)
      return yield* itemsOf(id, after, atMost(limit))
    }
  )

  return { operation, list, find, items: page }
}

/** Reads operations with what became of their jobs. */
const reader = (sql: PgClient.PgClient, schema: string) => {
  const items = sql(`${schema}.operation_items`)
  return (wanted: Statement.Fragment) =>
    sql<Row>`
      SELECT o.id::text AS id, o.action, o.actor, o.reason, o.query,
             CASE WHEN o.state = 'planned' AND o.at + interval '10 minutes' <= clock_timestamp()
                  THEN 'expired' ELSE o.state END AS state,
             o.at, o.at + interval '10 minutes' AS "expiresAt", o.ended_at AS "endedAt", o.planned,
             coalesce(own.done, 0)::integer AS done, coalesce(own.skipped, 0)::integer AS skipped,
             coalesce(own.remaining, 0)::integer AS left,
             coalesce(own.undone, 0)::integer AS undone,
             coalesce(own.can_undo, 0)::integer AS "canUndo",
             coalesce(own.results, '[]') AS results, coalesce(own.undos, '[]') AS undos
      FROM ${wanted} AS o
      CROSS JOIN LATERAL (
        SELECT sum(n) FILTER (WHERE is_done) AS done,
               sum(n) FILTER (WHERE NOT is_done) AS skipped,
               sum(n) FILTER (WHERE is_done IS NULL) AS remaining,
               sum(n) FILTER (WHERE undone = 'undone') AS undone,
               sum(can_undo) AS can_undo,
               (SELECT json_agg(r ORDER BY r.count DESC, r.result) FROM (
                  SELECT item.result, count(*) FROM ${items} AS item
                  WHERE item.operation_id = o.id AND item.result IS NOT NULL GROUP BY 1
                ) AS r) AS results,
               (SELECT json_agg(r ORDER BY r.count DESC, r.result) FROM (
                  SELECT item.undone AS result, count(*) FROM ${items} AS item
                  WHERE item.operation_id = o.id AND item.undone IS NOT NULL GROUP BY 1
                ) AS r) AS undos
        FROM (
          SELECT item.undone, count(*) AS n,
                 item.result IN ('redriven', 'retried', 'cancelled', 'discarded', 'edited')
                   AS is_done,
                 count(*) FILTER (WHERE item.can_undo AND (
                   item.result IS NULL
                   OR item.undone IS NULL AND (item.before IS NOT NULL OR item.result = 'redriven')
                 )) AS can_undo
          FROM ${items} AS item WHERE item.operation_id = o.id
          GROUP BY item.undone, is_done
        ) AS part
      ) AS own
    `.pipe(Effect.map((rows) => rows.map(ofRow)), withTimeout("operation"))
}

interface Row extends Omit<Operation, "at" | "expiresAt" | "endedAt"> {
  readonly at: Date
  readonly expiresAt: Date
  readonly endedAt: Date | null
}

const ofRow = ({ at, endedAt, expiresAt, ...row }: Row): Operation => ({
  ...row,
  at: at.toISOString(),
  expiresAt: expiresAt.toISOString(),
  endedAt: endedAt?.toISOString() ?? null
})

/** Below every id. */
const least = -(2n ** 63n)

const atMost = (limit: number): number => Math.max(1, Math.min(Math.trunc(limit), 200))
