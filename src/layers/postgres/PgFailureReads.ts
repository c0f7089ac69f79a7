/**
 * Reads of failures in PostgreSQL: of the history of failed jobs, and of the runs of jobs that have
 * not ended.
 *
 * No index has them by time. Rows are added at the end of their day, so windows of pages are read,
 * the newest day and the last pages first.
 */
import { Clock, Effect, Option } from "effect"
import * as FailureGroups from "../../domain/FailureGroups.ts"
import * as Fingerprint from "../../domain/Fingerprint.ts"
import * as Insight from "../../services/Insight.ts"
import * as BoundedReads from "./BoundedReads.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** So many rows and windows are looked at of each of the two tables. */
export const bounds = { rows: 25_000, windows: 64, pages: 128 } as const

/** The failures of a schema since a time, in groups. */
export const make = (to: BoundedReads.To) =>
  Effect.fnUntraced(function*({ queue, since }: Insight.FailuresOptions) {
    const days = yield* daysOf(to, since)
    const [first] = days
    const at = first?.at ?? since?.getTime() ?? 0
    const wanted = first?.wanted ?? at
    const looks = yield* Effect.forEach(
      ["failed_jobs", "runs"] as const,
      (table) => lookAt({ to, table, queue, at, wanted, windows: windowsOf(days, table) })
    )
    return FailureGroups.of(looks.flatMap(({ failures }) => failures), {
      at,
      wanted,
      since: Math.max(...looks.map((look) => look.since)),
      looked: looks.reduce((sum, { looked }) => sum + looked, 0)
    })
  })

/** The days to look at, the newest first, with the time by the database's clock. */
const daysOf = ({ schema, sql }: BoundedReads.To, since: Date | undefined) => {
  const pagesOf = (table: Table) =>
    sql`
      coalesce(
        pg_relation_size(to_regclass(
          format('%I.%I', ${schema}::text, ${table}::text || to_char(day, '_YYYYMMDD'))
        )),
        -- A day without a partition of its own.
        pg_relation_size(to_regclass(format('%I.%I', ${schema}::text, ${table}::text || '_other')))
      )::float8 / current_setting('block_size')::integer
    `
  return withTimeout("failures")(sql<Day>`
    SELECT 1000 * extract(epoch FROM at)::float8 AS at,
           1000 * extract(epoch FROM wanted)::float8 AS wanted,
           to_char(day, 'YYYY-MM-DD') AS day,
           ${pagesOf("failed_jobs")} AS failed_jobs, ${pagesOf("runs")} AS runs
    FROM (
      SELECT at, greatest(
               at - make_interval(secs => ${Insight.defaults.failuresSinceMax / 1000}::float8),
               coalesce(
                 ${since?.toISOString() ?? null}::timestamptz,
                 at - make_interval(secs => ${Insight.defaults.failuresSince / 1000}::float8)
               )
             ) AS wanted
      FROM (SELECT clock_timestamp() AS at) AS clock
    ) AS span CROSS JOIN LATERAL generate_series(
      date_trunc('day', least(at, wanted) AT TIME ZONE 'UTC'), at AT TIME ZONE 'UTC',
      interval '1 day'
    ) AS day
    ORDER BY day DESC
  `)
}

/** The windows of a table, the newest first. */
const windowsOf = (days: ReadonlyArray<Day>, table: Table): ReadonlyArray<Window> =>
  days.flatMap(({ day, [table]: pages }) =>
    Array.from({ length: Math.ceil(pages / bounds.pages) }, (_, n) => {
      const to = pages - n * bounds.pages
      return { day, from: Math.max(0, to - bounds.pages), to: n === 0 ? lastPage : to }
    })
  )

/** Rows that are added meanwhile are seen, too. */
const lastPage = 4_294_967_295

/** Reads windows until the time is reached, or one of the bounds. */
const lookAt = Effect.fnUntraced(function*(look: Look) {
  const { at, to, wanted, windows } = look
  const failures: Array<FailureGroups.Failure> = []
  let looked = 0
  let since = at
  const begun = yield* Clock.currentTimeMillis
  for (const [n, window] of windows.slice(0, bounds.windows).entries()) {
    const isLate = n > 0 && (yield* Clock.currentTimeMillis) - begun > BoundedReads.statementMax
    if (isLate || looked >= bounds.rows) return { failures, looked, since }
    const read = readOf[look.table](look, window, bounds.rows - looked)
    const found = yield* BoundedReads.part(to.sql, "failures", read)
    // The look ends at a window that takes too long, or that the role may not see.
    if (Option.isNone(found)) return { failures, looked, since }
    const [seen] = found.value
    looked += seen?.looked ?? 0
    since = seen?.oldest ?? since
    for (const { at, error, id, name } of found.value) {
      if (id === null || name === null || at === null) continue
      failures.push({ id: BigInt(id), name, at, error: error ?? "", isFinal: isFinal(look.table) })
    }
    if (since <= wanted) break
  }
  const isWhole = windows.length <= bounds.windows && looked < bounds.rows
  return { failures, looked, since: isWhole ? wanted : Math.max(since, wanted) }
})

const isFinal = (table: Table): boolean => table === "failed_jobs"

/** Where a table has its time. */
const timeOf = { failed_jobs: "finished_at", runs: "ended_at" } as const

/** The rows of a window, the last of them first, and no more than this. */
const rowsOf = (
  { table, to: { name, sql } }: Look,
  { day, from, to }: Window,
  limit: number
) =>
  sql`
    SELECT * FROM ${name(table)}
    WHERE ${sql(timeOf[table])} >= ${`${day}T00:00:00Z`}::timestamptz
      AND ${sql(timeOf[table])} < ${`${day}T00:00:00Z`}::timestamptz + interval '24 hours'
      AND ctid >= ${`(${from},0)`}::tid AND ctid < ${`(${to},0)`}::tid
    ORDER BY ctid DESC LIMIT ${limit}::integer
  `

const lineOf = ({ sql }: BoundedReads.To) =>
  sql`left(split_part(error, E'\\n', 1), ${Fingerprint.lineMax}::integer) AS error`

const readOf = {
  failed_jobs: (look: Look, window: Window, limit: number) =>
    withTimeout("failures")(look.to.sql<Row>`
      WITH looked AS MATERIALIZED (${rowsOf(look, window, limit)})
      SELECT looked, oldest, id::text, name, 1000 * extract(epoch FROM finished_at)::float8 AS at,
             ${lineOf(look.to)}
      FROM ${seen(look)} LEFT JOIN looked
        ON redriven_at IS NULL
          AND (${look.queue ?? null}::text IS NULL OR queue = ${look.queue ?? null}::text)
    `),
  // A job that has failed anew, or was queued again, has another number of failures.
  runs: (look: Look, window: Window, limit: number) =>
    withTimeout("failures")(look.to.sql<Row>`
      WITH looked AS MATERIALIZED (${rowsOf(look, window, limit)}),
      unfinished AS (
        SELECT looked.* FROM looked CROSS JOIN LATERAL (
          SELECT failures FROM ${look.to.name("jobs")} WHERE id = looked.job_id
          OFFSET 0 -- idiom: fence
        ) AS job
        WHERE outcome IN ('retried', 'blocked') AND failures = attempt
          AND (${look.queue ?? null}::text IS NULL OR queue = ${look.queue ?? null}::text)
      )
      SELECT looked, oldest, job_id::text AS id, name,
             1000 * extract(epoch FROM ended_at)::float8 AS at, ${lineOf(look.to)}
      FROM ${seen(look)} LEFT JOIN unfinished ON true
    `)
}

/** How many rows were looked at, and the time of the oldest: a row, whatever else there is. */
const seen = ({ table, to: { sql } }: Look) =>
  sql`
    (SELECT count(*)::float8 AS looked,
            1000 * extract(epoch FROM min(${sql(timeOf[table])}))::float8 AS oldest
     FROM looked) AS seen
  `

type Table = "failed_jobs" | "runs"

interface Day extends Readonly<Record<Table, number>> {
  /** Times are in milliseconds. */
  readonly at: number
  readonly wanted: number
  /** As in 2030-01-31, by UTC. */
  readonly day: string
}

/** Pages of a day, without the last of these two. */
interface Window {
  readonly day: string
  readonly from: number
  readonly to: number
}

interface Look {
  readonly to: BoundedReads.To
  readonly table: Table
  readonly queue: string | undefined
  readonly at: number
  readonly wanted: number
  readonly windows: ReadonlyArray<Window>
}

interface Row {
  readonly looked: number
  readonly oldest: number | null
  /** `null` in a row without a failure. */
  readonly id: string | null
  readonly name: string | null
  readonly at: number | null
  readonly error: string | null
}
