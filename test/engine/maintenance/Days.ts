/**
 * Adds and drops days of history.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"

const outcomes = {
  completed_jobs: "completed",
  failed_jobs: "failed",
  dropped_jobs: "cancelled",
  runs: "run",
  log_lines: "line"
} as const

type History = keyof typeof outcomes

/** The days of history that have a partition of their own, counted from today. */
export const days = Effect.fnUntraced(function*(parent: History) {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<{ day: number }>`
    SELECT to_date(right(relname, 8), 'YYYYMMDD') - (now() AT TIME ZONE 'UTC')::date AS day
    FROM pg_inherits JOIN pg_class ON oid = inhrelid
    WHERE inhparent = ${`pgq.${parent}`}::text::regclass AND relname ~ '_\\d{8}$' ORDER BY day
  `
  return rows.map(({ day }) => day)
})

/** Makes a partition for a day, counted from today, and adds a job that finished at its noon. */
export const addDay = Effect.fnUntraced(
  function*(parent: History, day: number, queue: string) {
    const sql = yield* PgClient.PgClient
    yield* sql.unsafe(`
      DO $$
      DECLARE day date := (now() AT TIME ZONE 'UTC')::date + ${day};
      BEGIN
        PERFORM set_config('timezone', 'UTC', true);
        EXECUTE format('CREATE TABLE pgq.%I PARTITION OF pgq.${parent} FOR VALUES FROM (%L) TO (%L)',
                       '${parent}_' || to_char(day, 'YYYYMMDD'), day, day + 1);
      END $$`).unprepared
    yield* addFinished(outcomes[parent], day, queue)
  }
)

export const dropDay = (parent: History, day: number) =>
  PgClient.PgClient.use((sql) =>
    sql.unsafe(`
      DO $$ BEGIN
        EXECUTE format('DROP TABLE pgq.%I', '${parent}_'
          || to_char((now() AT TIME ZONE 'UTC')::date + ${day}, 'YYYYMMDD'));
      END $$`).unprepared
  )

export const addFinished = (outcome: typeof outcomes[History], day: number, queue: string) =>
  PgClient.PgClient.use((sql) =>
    outcome === "run" ? addRun(sql, day, queue) : outcome === "line" ? addLine(sql, day) : sql`
      INSERT INTO pgq.finished_jobs (id, created_at, claimed_at, finished_at, priority, attempt,
        outcome, queue, name, payload, lease_id)
      SELECT 1, at, at, at, 0, 1, ${outcome}, ${queue}, ${`day ${day}`}, '{}', gen_random_uuid()
      FROM (SELECT date_trunc('day', now(), 'UTC') + ${day}::integer * interval '1 day'
                   + interval '12 hours' AS at) AS noon
    `
  )

const addLine = (sql: PgClient.PgClient, day: number) =>
  sql`
    INSERT INTO pgq.log_lines (job_id, attempt, claimed_at, n, logged_at, level, line)
    SELECT 1, 1, at, 1, at, 'Info', ${`day ${day}`}
    FROM (SELECT date_trunc('day', now(), 'UTC') + ${day}::integer * interval '1 day'
                 + interval '12 hours' AS at) AS noon
  `

const addRun = (sql: PgClient.PgClient, day: number, queue: string) =>
  sql`
    INSERT INTO pgq.runs (job_id, attempt, queue, name, worker_id, claimed_at, ended_at, outcome)
    SELECT 1, 1, ${queue}, ${`day ${day}`}, gen_random_uuid(), at, at, 'failed'
    FROM (SELECT date_trunc('day', now(), 'UTC') + ${day}::integer * interval '1 day'
                 + interval '12 hours' AS at) AS noon
  `
