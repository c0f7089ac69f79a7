/**
 * Reads of the queues in PostgreSQL: their names, counts that stop at a cap, and how late they are.
 */
import { Effect } from "effect"
import type { Objective } from "../../domain/Objective.ts"
import { everyQueue } from "../../domain/Pause.ts"
import * as BoundedReads from "./BoundedReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** A queue of more priorities is looked at no further. */
const bandsMax = 50

export const make = (to: BoundedReads.To) => ({
  names: names(to),
  counts: counts(to),
  bands: bands(to),
  objectives: objectives(to)
})

/** The queues that have rows in an index, from one to the next. */
const walk = ({ name, sql }: BoundedReads.To, { most, table, where }: {
  readonly table: string
  readonly where: string
  readonly most: number
}) =>
  sql`(
    WITH RECURSIVE found AS (
      (
        SELECT queue, 1 AS n FROM ${name(table)} WHERE ${sql.literal(where)}
        ORDER BY queue LIMIT 1
      ) UNION ALL
      SELECT next.queue, found.n + 1 FROM found CROSS JOIN LATERAL (
        SELECT queue FROM ${name(table)} WHERE ${sql.literal(where)} AND queue > found.queue
        ORDER BY queue LIMIT 1
      ) AS next WHERE found.n < ${most}::integer
    )
    SELECT queue FROM found
  )`

/** The queues that have jobs which are not for later, and those of `others`, by name. */
const names = (to: BoundedReads.To) => (others: ReadonlyArray<string>, most: number) =>
  Effect.map(
    to.sql<{ readonly queue: string }>`
      SELECT queue FROM (
        ${walk(to, { table: "jobs", where: "state = 'ready' AND crash_count = 0", most })} UNION
        ${walk(to, { table: "jobs", where: "state = 'ready' AND crash_count > 0", most })} UNION
        ${walk(to, { table: "jobs", where: "state = 'waiting'", most })} UNION
        ${walk(to, { table: "set_aside", where: "true", most })} UNION
        ${walk(to, { table: "leases", where: "true", most })} UNION
        SELECT unnest(${others}::text[])
      ) AS found ORDER BY queue COLLATE "C" LIMIT ${most}::integer
    `,
    (rows) => rows.map(({ queue }) => queue)
  ).pipe(withTimeout("queues"))

/** The jobs of each queue by their state. A number above the cap says that there are more. */
const counts = ({ name, sql }: BoundedReads.To) => (queues: ReadonlyArray<string>, cap: number) =>
  withTimeout("counts")(sql<CountsRow>`
    WITH leased AS MATERIALIZED (SELECT unnest(job_ids) AS id FROM ${name("leases")}),
    held AS MATERIALIZED (
      SELECT queue, name FROM ${name("pauses")}
      WHERE name <> '' AND (until IS NULL OR until > clock_timestamp())
    )
    SELECT q.queue, ready.jobs AS ready, ready.held, suspects.jobs AS suspects,
           waiting.jobs AS waiting, running.jobs AS running, aside.jobs AS aside
    FROM unnest(${queues}::text[]) AS q(queue)
    CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS jobs, count(*) FILTER (
        WHERE EXISTS (SELECT FROM held) AND EXISTS (
          SELECT FROM held WHERE held.name = found.name AND held.queue IN (q.queue, '*')
        )
      )::float8 AS held
      FROM (
        SELECT name FROM ${name("jobs")}
        WHERE queue = q.queue AND state = 'ready' AND crash_count = 0
          AND id NOT IN (SELECT id FROM leased)
        -- idiom: place index
        ORDER BY priority DESC, coalesce(place, id) LIMIT ${cap}::integer + 1
      ) AS found
    ) AS ready
    CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS jobs FROM (
        SELECT FROM ${name("jobs")}
        WHERE queue = q.queue AND state = 'ready' AND crash_count > 0
          AND id NOT IN (SELECT id FROM leased)
        -- idiom: place index
        ORDER BY priority DESC, coalesce(place, id) LIMIT ${cap}::integer + 1
      ) AS found
    ) AS suspects
    CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS jobs FROM (
        SELECT FROM ${name("jobs")}
        WHERE queue = q.queue AND state = 'waiting' AND id NOT IN (SELECT id FROM leased)
        ORDER BY serialization_key, priority DESC, id LIMIT ${cap}::integer + 1
      ) AS found
    ) AS waiting
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(cardinality(job_ids)), 0)::float8 AS jobs
      FROM ${name("leases")} WHERE queue = q.queue
    ) AS running
    CROSS JOIN LATERAL (
      SELECT count(*)::float8 AS jobs FROM (
        SELECT FROM ${name("set_aside")} WHERE queue = q.queue LIMIT ${cap}::integer + 1
      ) AS found
    ) AS aside
  `)

/** How long the first job of each priority has been ready that is in no lease. */
const bands = ({ name, sql }: BoundedReads.To) => (queues: ReadonlyArray<string>) =>
  Effect.andThen(
    BoundedReads.limitTo(sql, BoundedReads.latencyMax),
    withTimeout("latency")(sql<BandRow>`
      WITH RECURSIVE leased AS MATERIALIZED (
        SELECT unnest(job_ids) AS id FROM ${name("leases")}
      ), band AS (
        SELECT q.queue, first.priority, first.since, 1 AS n
        FROM unnest(${queues}::text[]) AS q(queue) CROSS JOIN LATERAL (
          SELECT priority, greatest(created_at, run_at) AS since FROM ${name("jobs")}
          WHERE queue = q.queue AND state = 'ready' AND crash_count = 0
            AND id NOT IN (SELECT id FROM leased)
          -- idiom: place index
          ORDER BY priority DESC, coalesce(place, id) LIMIT 1
        ) AS first
        UNION ALL
        SELECT band.queue, next.priority, next.since, band.n + 1
        FROM band CROSS JOIN LATERAL (
          SELECT priority, greatest(created_at, run_at) AS since FROM ${name("jobs")}
          WHERE queue = band.queue AND state = 'ready' AND crash_count = 0
            AND priority < band.priority AND id NOT IN (SELECT id FROM leased)
          -- idiom: place index
          ORDER BY priority DESC, coalesce(place, id) LIMIT 1
        ) AS next WHERE band.n < ${bandsMax}::integer
      )
      SELECT queue, priority,
             greatest(extract(epoch FROM clock_timestamp() - since), 0)::float8 AS latency
      FROM band ORDER BY queue, priority DESC
    `)
  )

/** The objectives of the queues, and that of all queues. */
const objectives = ({ name, sql }: BoundedReads.To) => (queues: ReadonlyArray<string>) =>
  withTimeout("objectives")(sql<Objective>`
    SELECT name AS queue, extract(epoch FROM objective)::float8 AS seconds
    FROM ${name("queues")} WHERE name = ANY (${[...queues, everyQueue]}::text[])
  `)

export interface CountsRow {
  readonly queue: string
  readonly ready: number
  /** Those of the ready jobs whose name is paused. */
  readonly held: number
  readonly suspects: number
  readonly waiting: number
  readonly running: number
  readonly aside: number
}

export interface BandRow {
  readonly queue: string
  readonly priority: number
  readonly latency: number
}
