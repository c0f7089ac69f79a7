/**
 * Once all workers have stopped, the database must hold no workers, leases or advisory locks.
 */
import { Effect } from "effect"
import { ask } from "./Database.ts"
import type { World } from "./World.ts"

/**
 * Live workers delete the rows of dead ones. The soak waits for that before it stops the live
 * workers.
 */
const patience = "25 seconds"

export const deadAreForgotten = ({ report, server }: World) =>
  ask(server.url, (sql) =>
    sql<{ n: number }>`
      SELECT count(*)::integer AS n FROM pgq.workers WHERE lease_until < clock_timestamp()
    `).pipe(
      Effect.map(([row]) => row?.n ?? 0),
      Effect.tap((n) => n === 0 ? Effect.void : Effect.sleep("200 millis")),
      Effect.repeat({ until: (n) => n === 0 }),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () =>
          Effect.sync(() => {
            report({ check: "leaked", detail: `a dead worker is there after ${patience}` })
            return 0
          })
      })
    )

export const check = ({ report, server }: World) =>
  ask(server.url, (sql) => sql.unsafe<Left>(leftovers).unprepared).pipe(
    Effect.map((rows) => {
      for (const { detail, what } of rows) report({ check: "leaked", detail: `${what}: ${detail}` })
    })
  )

interface Left {
  readonly what: string
  readonly detail: string
}

export const leftovers = `
  SELECT 'a worker at the end' AS what, label || ', ' || pid AS detail FROM pgq.workers
  UNION ALL SELECT 'a lease at the end', queue || ' ' || id || ' ' || job_ids::text FROM pgq.leases
  UNION ALL SELECT 'an advisory lock at the end', l.classid || ' ' || l.objid || ': ' || a.query
  FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
  WHERE l.locktype = 'advisory' AND a.usename = current_user
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`
