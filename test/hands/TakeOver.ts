/**
 * Jobs in many states in one database, and the check that another database has taken them over.
 * There each unfinished job runs once, in the order of its key.
 */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Job from "../../src/layers/job/Job.ts"
import { eventually } from "../connections/BusyWorker.ts"
import * as ClosingWorker from "../connections/ClosingWorker.ts"
import type * as Session from "../support/Session.ts"

const Task = Job.make("task", { payload: Schema.Finite })

const keys = ["k1", "k2", "k3"]

/** Adds 20 jobs, with these keys and without a key. Each fifth job is for later. */
const add = ({ sql }: Session.Session, queue: string, from: number) =>
  sql`
    INSERT INTO pgq.jobs (queue, name, payload, serialization_key, run_at)
    SELECT ${queue}, 'task', to_jsonb(n), CASE WHEN n % 4 > 0 THEN 'k' || n % 4 END,
           CASE WHEN n % 5 = 0 THEN now() + interval '2 seconds' END
    FROM generate_series(${from}::integer, ${from + 19}) AS n
  `

/**
 * Adds 20 jobs: three are completed, one is to be tried again in its lane, and some stay leased.
 */
export const work = Effect.fnUntraced(function*(
  session: Session.Session,
  queue: string,
  from: number
) {
  yield* add(session, queue, from)
  const worker = yield* session.worker(queue)
  const done = yield* session.claim({ queue, worker, limit: 3 })
  yield* session.complete(done.lease, done.ids)
  const { ids, lease } = yield* session.claim({ queue, worker, limit: 6 })
  yield* session.settleOther({
    lease,
    id: String(ids[1]),
    outcome: "retried",
    delay: 5,
    error: "again",
    holds: true
  })
})

/** Drops the partitions of history, as if the schema had been made on another day. */
export const forgetDays = Effect.fnUntraced(function*({ sql }: Session.Session) {
  const days = yield* sql<{ name: string }>`
    SELECT inhrelid::regclass::text AS name FROM pg_inherits
    WHERE inhparent = ANY (
      ARRAY['pgq.completed_jobs', 'pgq.failed_jobs', 'pgq.dropped_jobs', 'pgq.runs',
            'pgq.log_lines']::regclass[]
    ) AND inhrelid::regclass::text ~ '\\d$'
  `
  assert.isAbove(days.length, 0)
  for (const { name } of days) yield* sql.unsafe(`DROP TABLE ${name}`).unprepared
})

export const payloadsOf = ({ sql }: Session.Session, table: "jobs" | "finished_jobs") =>
  Effect.map(
    sql<{ n: number }>`
      SELECT payload::text::integer AS n FROM ${sql(`pgq.${table}`)} WHERE name = 'task' ORDER BY n
    `,
    (rows) => rows.map(({ n }) => n)
  )

/**
 * Adds 20 jobs and starts a worker. Checks that the worker runs these jobs and the `unfinished`
 * ones, and no other job.
 */
export const check = Effect.fnUntraced(function*(
  session: Session.Session,
  url: string,
  { finished, queue, unfinished }: {
    readonly queue: string
    readonly finished: ReadonlyArray<number>
    readonly unfinished: ReadonlyArray<number>
  }
) {
  const marked = yield* session.sql`
    SELECT DISTINCT key FROM pgq.dirty_lanes WHERE queue = ${queue} ORDER BY key
  `
  assert.deepStrictEqual(marked, keys.map((key) => ({ key })))
  yield* add(session, queue, 100)
  const open = [...unfinished, ...Array.from({ length: 20 }, (_, n) => 100 + n)]
  const starts: Array<{ readonly n: number; readonly key: string | undefined }> = []
  const handlers = Task.toLayer((n, { key }) => void starts.push({ n, key }))
  const { lines } = yield* ClosingWorker.worker(handlers, { url, pool: 4, queues: [queue] })
  yield* eventually(
    Effect.map(payloadsOf(session, "jobs"), (left) => assert.deepStrictEqual(left, []))
  )

  const order = (key: string) => starts.filter((start) => start.key === key && start.n % 5 > 0)
  assert.deepStrictEqual(starts.map(({ n }) => n).toSorted((a, b) => a - b), open)
  for (const key of keys) {
    const ran = order(key).map(({ n }) => n)
    assert.deepStrictEqual(ran, ran.toSorted((a, b) => a - b), key)
  }
  const all = [...finished, ...open].toSorted((a, b) => a - b)
  assert.deepStrictEqual(yield* payloadsOf(session, "finished_jobs"), all)
  assert.deepStrictEqual(lines, [], lines.join("\n"))
})
