/**
 * A schema with a million unfinished jobs and a million that have ended.
 */
import type { Client } from "pg"

export interface Size {
  readonly unfinished: number
  readonly ended: number
}

export const fill = async (sql: Client, { ended, unfinished }: Size): Promise<void> => {
  const share = (part: number) => Math.round(unfinished * part)
  // In parts, so that no transaction has all of them.
  const insert = async (count: number, columns: string, values: string) => {
    for (let from = 0; from < count; from += step) {
      const to = Math.min(from + step, count)
      await sql.query(
        `INSERT INTO pgq.jobs (${columns}, name, payload)
         SELECT ${values}, 'name ' || n % 20, jsonb_build_object('n', n, 'to', 'ada@example.com')
         FROM generate_series(${from + 1}, ${to}) AS n`
      )
    }
  }
  await insert(share(0.5), "queue", "'queue ' || n % 10")
  await insert(
    share(0.3),
    "queue, serialization_key",
    "'queue ' || n % 10, 'customer ' || n / 10 % 3000"
  )
  await insert(
    share(0.2),
    "queue, state, run_at",
    "'queue ' || n % 10, 'scheduled', now() + n * interval '1 second' + interval '1 hour'"
  )
  for (let from = 0; from < ended; from += step) {
    await sql.query(
      `INSERT INTO pgq.finished_jobs
         (id, created_at, claimed_at, finished_at, priority, attempt, ran_ms, outcome, queue, name,
          payload, error)
       SELECT 1e9 + n, at, at, at, 0, 1, n % 1000,
         CASE WHEN n % 100 = 0 THEN 'failed' ELSE 'completed' END, 'queue ' || n % 10,
         'name ' || n % 20, '{}', CASE WHEN n % 100 = 0 THEN 'Error: no answer within ' || n END
       FROM (
         SELECT n, now() - (${ended} - n) * interval '60 milliseconds' AS at
         FROM generate_series(${from + 1}, ${Math.min(from + step, ended)}) AS n
       ) AS ends`
    )
  }
  await sql.query("VACUUM ANALYZE")
}

const step = 50_000
