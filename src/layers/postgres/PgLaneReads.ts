/**
 * Reads of one lane in PostgreSQL, by the indexes that have its head and the jobs behind it.
 */
import { Effect, Option } from "effect"
import type { Statement } from "effect/sql"
import * as Count from "../../domain/Count.ts"
import * as LaneView from "../../domain/LaneView.ts"
import * as Pulse from "../../domain/Pulse.ts"
import * as BoundedReads from "./BoundedReads.ts"
import * as Waiting from "./PgWaitingJobs.ts"
import { withTimeout } from "./QueryTimeout.ts"

/** So many hours of figures say how long runs take. */
const hoursMax = 24

/** One lane. The head's reasons and figures are left out where they take too long. */
export const make = (to: BoundedReads.To) =>
  Effect.fnUntraced(function*(asked: LaneView.Asked) {
    const [row] = yield* head(to, asked)
    const isWaiting = row?.state === "waiting"
    // Such a head is the first of the jobs that wait.
    const start = isWaiting ? { priority: row.priority, id: BigInt(row.id) } : undefined
    const rows = yield* behind(to, { ...asked, after: asked.after ?? start })
    const [counted] = yield* count(to, asked)
    const part = <A>(read: Parameters<typeof BoundedReads.part<ReadonlyArray<A>, never>>[2]) =>
      Effect.map(
        BoundedReads.part(to.sql, "lane", read),
        Option.getOrElse((): ReadonlyArray<A> => [])
      )
    const [why] = row === undefined ? [] : yield* part(reason(to, row.id))
    const figures = row === undefined ? [] : yield* part(runs(to, asked.queue, row.name))
    return LaneView.of(asked, {
      head: row === undefined
        ? null
        : { ...Waiting.rowOf(row), since: Waiting.isoOf(row.since), why: why?.detail ?? null },
      behind: rows.map(Waiting.rowOf),
      behindCount: Count.capped((counted?.jobs ?? 0) - Number(isWaiting), LaneView.behindMax),
      runs: figures.reduce<ReadonlyArray<number>>((sum, { run }) => Pulse.added(sum, run), []),
      now: counted?.at.getTime() ?? 0
    })
  })

/** The head of a lane, or where the next claim has yet to make one, the job that is to be it. */
export const headOf = (
  { name, sql }: BoundedReads.To,
  queue: Statement.Fragment,
  key: Statement.Fragment
) =>
  sql`
    SELECT * FROM (
      (
        SELECT *, 1 AS turn FROM ${name("jobs")}
        WHERE queue = ${queue} AND serialization_key = ${key} AND state IN ('ready', 'retry')
        LIMIT 1
      ) UNION ALL (
        SELECT *, 2 AS turn FROM ${name("jobs")}
        WHERE queue = ${queue} AND serialization_key = ${key} AND state = 'waiting'
        ORDER BY priority DESC, id LIMIT 1
      )
    ) AS first_jobs ORDER BY turn LIMIT 1
  `

const head = (to: BoundedReads.To, { key, queue }: LaneView.Asked) => {
  const { sql } = to
  return withTimeout("lane")(sql<HeadRow>`
    WITH ${Waiting.small(to)}, found AS MATERIALIZED (
      SELECT j.*, ${Waiting.state(to)} AS shown
      FROM (${headOf(to, sql`${queue}::text`, sql`${key}::text`)}) AS j
    )
    SELECT ${columns(to)}, leased.claimed_at AS since FROM found ${withWorker(to)}
  `)
}

/** The jobs of the lane after a place, and one more than are asked for. */
const behind = (to: BoundedReads.To, { after, key, limit, queue }: LaneView.Asked) => {
  const { name, sql } = to
  const priority = after?.priority ?? 2 ** 31 - 1
  const lane = sql`
    SELECT * FROM ${name("jobs")}
    WHERE queue = ${queue} AND serialization_key = ${key} AND state = 'waiting'
  `
  // The index has priorities and ids in opposite orders, so a comparison of both reads too much.
  return withTimeout("lane")(sql<Waiting.UnfinishedRow>`
    WITH ${Waiting.small(to)}, found AS MATERIALIZED (
      SELECT *, state AS shown FROM (
        (
          ${lane} AND priority = ${priority}::integer AND id > ${after?.id ?? -1n}::bigint
          ORDER BY priority DESC, id LIMIT ${limit}::integer + 1
        ) UNION ALL (
          ${lane} AND priority < ${priority}::integer
          ORDER BY priority DESC, id LIMIT ${limit}::integer + 1
        )
      ) AS both_parts
      ORDER BY priority DESC, id LIMIT ${limit}::integer + 1
    )
    SELECT ${columns(to)} FROM found ${withWorker(to)}
    ORDER BY found.priority DESC, found.id
  `)
}

const count = ({ name, sql }: BoundedReads.To, { key, queue }: LaneView.Asked) =>
  withTimeout("lane")(sql<{ readonly jobs: number; readonly at: Date }>`
    SELECT count(*)::float8 AS jobs, clock_timestamp() AS at FROM (
      SELECT FROM ${name("jobs")}
      WHERE queue = ${queue} AND serialization_key = ${key} AND state = 'waiting'
      ORDER BY priority DESC, id LIMIT ${LaneView.behindMax}::integer + 2
    ) AS found
  `)

/** The nearest reason of a job. */
const reason = ({ name, sql }: BoundedReads.To, id: string) =>
  withTimeout("lane")(sql<{ readonly detail: string }>`
    SELECT detail FROM ${name("why")}(${id}::bigint) ORDER BY place LIMIT 1
  `)

/** The histograms of the runs of a name, hour by hour. */
const runs = ({ name, sql }: BoundedReads.To, queue: string, kind: string) =>
  withTimeout("lane")(sql<{ readonly run: ReadonlyArray<number> }>`
    SELECT figures.run FROM generate_series(0, ${hoursMax}::integer - 1) AS ago(hours)
    CROSS JOIN LATERAL (
      SELECT run FROM ${name("hours")}
      WHERE at = date_bin('1 hour', clock_timestamp(), 'epoch') - make_interval(hours => ago.hours)
        AND queue = ${queue} AND name = ${kind}
      LIMIT 1
    ) AS figures
  `)

const columns = ({ sql }: BoundedReads.To) =>
  sql`
    found.id::text, found.shown AS state, found.name, found.queue, found.serialization_key AS key,
    found.priority, found.failures + (found.shown = 'running')::integer AS attempt,
    found.max_attempts, found.created_at, w.label, left(found.error, 1000) AS error,
    CASE WHEN found.shown = 'retry' THEN found.run_at END AS due_at
  `

const withWorker = ({ name, sql }: BoundedReads.To) =>
  sql`LEFT JOIN leased ON leased.id = found.id
      LEFT JOIN ${name("workers")} AS w ON w.id = leased.worker_id`

interface HeadRow extends Waiting.UnfinishedRow {
  readonly since: Date | null
}
