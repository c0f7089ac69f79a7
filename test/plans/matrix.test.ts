/**
 * The plan matrix. For every shape of queue and any statistics, each hot statement reads the same
 * indexes, scans no table that can grow, and touches no more than its batch needs.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { mutants } from "../mutants/mutants.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { databases, mixed } from "./Shapes.ts"
import * as Work from "./Work.ts"

const batch = 20

interface Subject {
  readonly session: Session.Session
  readonly worker: string
}

interface Claimed {
  readonly lease: string
  readonly ids: ReadonlyArray<bigint>
}

interface Step {
  /** The most entries that the step may read from each index. The step may use no other index. */
  readonly indexes: Readonly<Record<string, number>>
  /** The most pages that the step may touch. One scan of a million jobs touches 19,000 pages. */
  readonly pages: number
  /**
   * If this is set, jobs are claimed before the step, with up to this many more jobs of each lane.
   */
  readonly perLaneMax?: number
  /** Runs before the step. */
  readonly given?: (subject: Subject, claimed: Claimed) => Work.Statement
  readonly statement: (subject: Subject, claimed: Claimed) => Work.Statement
}

/** Ten urgent jobs: five without a key, and five of lanes that the shape of the queue also has. */
const tenJobs = `
  INSERT INTO pgq.jobs (queue, name, priority, serialization_key)
  SELECT 'deep', 'test', 1, CASE WHEN n % 2 = 0 THEN 'lane ' || n END FROM generate_series(1, 10) AS n
`

// A claim looks at 200 markers at most.
const claimed = {
  jobs_lane: 500,
  jobs_pkey: 200,
  jobs_ready: 100,
  jobs_suspect: 10,
  jobs_head: 500,
  dirty_lanes_age: 400,
  dirty_lanes_pkey: 600,
  leases_pkey: 10,
  leases_queue: 40,
  pauses_pkey: 10,
  workers_pkey: 1
}

const retry: Step["statement"] = ({ session: { sql } }, { ids, lease }) =>
  sql`SELECT * FROM pgq.settle('{}', '{}', '{}', (
    SELECT jsonb_agg(jsonb_build_object('lease', ${lease}::text, 'id', id, 'outcome', 'retried',
                                        'delay', 60, 'holds', true, 'error', 'as it happens'))
    FROM unnest(${ids}::bigint[]) AS id))`

const report: Step["statement"] = ({ session: { sql } }, { ids, lease }) =>
  sql`SELECT * FROM pgq.report((
    SELECT jsonb_agg(jsonb_build_object('lease', ${lease}::text, 'id', id, 'fraction', 0.5,
                                        'attempt', 1, 'lines', '[{"n": 1, "age": 0, "level": "Info",
                                        "line": "half way"}]'::jsonb))
    FROM unnest(${ids}::bigint[]) AS id))`

const endForGood: Step["statement"] = ({ session: { sql } }, { ids, lease }) =>
  sql`SELECT * FROM pgq.settle('{}', '{}', '{}', (
    SELECT jsonb_agg(jsonb_build_object(
      'lease', ${lease}::text, 'id', id, 'error', 'as it happens',
      'outcome', CASE WHEN id % 2 = 0 THEN 'failed' ELSE 'cancelled' END))
    FROM unnest(${ids}::bigint[]) AS id))`

const cancel: Step["statement"] = ({ session: { sql } }, { ids }) =>
  sql`SELECT * FROM pgq.cancel(${ids}::bigint[])`

const steps: Readonly<Record<string, Step>> = {
  insert: {
    indexes: {},
    pages: 150,
    statement: ({ session: { sql } }) => sql`${sql.literal(tenJobs)}`
  },
  claim: {
    indexes: claimed,
    pages: 5000,
    statement: ({ session: { sql }, worker }) =>
      sql`SELECT * FROM pgq.claim(
        ARRAY['deep'], ${worker}::uuid, ${batch}::integer, 5, 5, false, NULL)`
  },
  complete: {
    indexes: { jobs_lane: 100, jobs_pkey: 500, jobs_head: 100, leases_pkey: 5, settings_pkey: 1 },
    pages: 700,
    perLaneMax: 5,
    statement: ({ session: { sql } }, { ids, lease }) =>
      sql`SELECT * FROM pgq.settle(
        ARRAY[${lease}::uuid], ARRAY[${ids.length}::integer], ${ids}::bigint[], '[]')`
  },
  retry: {
    indexes: {
      jobs_lane: 100,
      jobs_pkey: 500,
      jobs_head: 100,
      leases_pkey: 11,
      cancel_requests_pkey: 0,
      settings_pkey: 1
    },
    // A row in runs for each job costs some pages; PostgreSQL 15 touches more than 18 does.
    pages: 1200,
    perLaneMax: 0,
    statement: retry
  },
  "cancel what waits": {
    indexes: {
      awaited_pkey: 0,
      jobs_pkey: 100,
      leases_queue: 500,
      set_aside_pkey: 0,
      settings_pkey: 10,
      settings: 10
    },
    pages: 1500,
    statement: ({ session: { sql } }) =>
      sql`SELECT * FROM pgq.cancel(ARRAY(
        SELECT currval('pgq.jobs_id_seq') - n FROM generate_series(0, 9) AS n))`
  },
  "cancel what is leased": {
    indexes: {
      // Rows that were rolled back count, too.
      jobs_pkey: 3 * batch,
      cancel_requests_pkey: batch,
      leases_queue: 500,
      leases_pkey: 3 * batch,
      settings_pkey: batch
    },
    pages: 1000,
    perLaneMax: 0,
    statement: cancel
  },
  "retry what was cancelled": {
    indexes: {
      awaited_pkey: 0,
      jobs_lane: 100,
      jobs_pkey: 500,
      jobs_head: 100,
      leases_pkey: 3 * batch,
      cancel_requests_pkey: 5 * batch,
      settings_pkey: 5
    },
    pages: 1500,
    perLaneMax: 0,
    given: cancel,
    statement: retry
  },
  "cancel some": {
    indexes: {
      awaited_pkey: 0,
      cancel_requests_pkey: batch,
      // 10,000 that are looked at, four looks for each that is cancelled, and some dead rows.
      jobs_pkey: 10_500,
      leases_queue: 500,
      leases_pkey: 3 * batch,
      set_aside_pkey: batch,
      settings_pkey: batch
    },
    pages: 15_000,
    perLaneMax: 0,
    statement: ({ session: { sql } }) =>
      sql`SELECT * FROM pgq.cancel_some('deep', 'test', NULL, NULL, 0, ${batch}::integer, NULL)`
  },
  "end for good": {
    indexes: {
      awaited_pkey: 0,
      jobs_lane: 100,
      jobs_pkey: 500,
      jobs_head: 100,
      leases_pkey: 8 + 2 * batch,
      cancel_requests_pkey: 0,
      // Rows that were rolled back count, too.
      failure_reports_pkey: 10,
      settings_pkey: 3
    },
    pages: 1000,
    perLaneMax: 5,
    statement: endForGood
  },
  "end for good, and report it": {
    indexes: {
      awaited_pkey: 0,
      jobs_lane: 100,
      jobs_pkey: 600,
      jobs_head: 100,
      leases_pkey: 8 + 2 * batch,
      cancel_requests_pkey: 0,
      // Rows that were rolled back count, too.
      failure_reports_pkey: 40 * batch,
      settings_pkey: 3
    },
    pages: 2000,
    perLaneMax: 5,
    given: ({ session: { sql } }) => sql`INSERT INTO pgq.failure_reports VALUES ('test', 'report')`,
    statement: endForGood
  },
  report: {
    // A second report of each run finds the first.
    indexes: { leases_pkey: 3 * batch, progress_pkey: 3 * batch, settings_pkey: 1 },
    pages: 400,
    perLaneMax: 0,
    given: report,
    statement: report
  },
  promote: {
    indexes: { jobs_due: 100, jobs_pkey: 100 },
    pages: 600,
    statement: ({ session: { sql } }) => sql`SELECT * FROM pgq.promote(${batch}::integer)`
  },
  expire: {
    indexes: {
      awaited_pkey: 0,
      expiries_pkey: 100,
      // Rows that were rolled back count, too.
      failure_reports_pkey: 10,
      jobs_pkey: 500,
      leases_queue: 500,
      settings_pkey: 1
    },
    pages: 1500,
    given: ({ session: { sql } }) =>
      sql`UPDATE pgq.jobs SET expires_at = '2001-01-01' WHERE id = ANY (ARRAY(
        SELECT id FROM pgq.jobs WHERE state = 'scheduled' ORDER BY id LIMIT ${batch}
      ))`,
    statement: ({ session: { sql } }) => sql`SELECT * FROM pgq.expire(${batch}::integer)`
  },
  "claim what is paused": {
    // Ten rounds, each of which reads past what the ones before have set aside.
    indexes: {
      ...claimed,
      jobs_pkey: 2000,
      jobs_lane: 3000,
      jobs_ready: 10 * 10 * batch,
      pauses_pkey: 50,
      set_aside_pkey: 10 * batch,
      workers_pkey: 2
    },
    pages: 15_000,
    given: ({ session: { sql } }) => sql`SELECT pgq.pause('deep', 'test')`,
    statement: ({ session: { sql }, worker }) =>
      sql`SELECT * FROM pgq.claim(
        ARRAY['deep'], ${worker}::uuid, ${batch}::integer, 5, 5, false, NULL)`
  },
  unpause: {
    // Rows that were rolled back count, too.
    indexes: { pauses_pkey: 20, jobs_pkey: 100, set_aside_name: 20 * batch, set_aside_pkey: 50 },
    pages: 800,
    statement: ({ session: { sql } }) => sql`SELECT * FROM pgq.unpause(${batch}::integer)`
  },
  "claim above a floor": {
    indexes: claimed,
    pages: 5000,
    statement: ({ session: { sql }, worker }) =>
      sql`SELECT * FROM pgq.claim(
        ARRAY['deep'], ${worker}::uuid, ${batch}::integer, 5, 5, false, NULL, false, true, true,
        ARRAY['deep', 'deep', 'deep'], ARRAY[2147483647, 0, -1], ARRAY[1, 0, -2147483648],
        ARRAY[NULL, 10, NULL])`
  },
  "look below a floor": {
    indexes: { jobs_ready: 100, leases_queue: 40 },
    pages: 60,
    statement: ({ session: { sql } }) =>
      sql`SELECT * FROM pgq.jobs_below(ARRAY['deep'], ARRAY[0], ARRAY[9000000000000000000])`
  }
}

/** Tables that are so small that the planner may scan them. */
const smallTables = ["failure_reports", "pauses", "settings", "workers"]

for (const shapes of databases) {
  layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })((it) => {
    for (const [shape, statements] of Object.entries(shapes)) {
      it.effect(shape, () =>
        Effect.gen(function*() {
          const subject = yield* open
          // The session plans these statements before the change, and keeps its plans unless told
          // otherwise.
          for (const step of Object.values(steps)) yield* work(subject, step)
          yield* change(statements)
          const found = yield* Effect.forEach(Object.entries(steps), ([name, step]) =>
            Effect.map(work(subject, step), (work) =>
              excess(work, step, shape).map((what) =>
                `${name} ${what}`
              )))
          assert.deepStrictEqual(found.flat(), [])
        }), 60_000)
    }
  })
}

layer(PgQueue.database, { excludeTestServices: true })("notices the absence", (it) => {
  for (const mutant of mutants) {
    const names = mutant.by.flatMap((by) => by.checker === "plans" ? by.steps : [])
    if (names.length === 0) continue
    it.effect(`of ${mutant.name}`, () =>
      Effect.gen(function*() {
        const subject = yield* open
        yield* change(["TRUNCATE pgq.jobs", mixed(10_000), "ANALYZE"])
        const changes = mutant.changes.flatMap((one) => "statement" in one ? [one.statement] : [])
        for (const name of names) {
          const found = yield* work(subject, steps[name]!, changes)
          assert.isNotEmpty(excess(found, steps[name]!, mutant.name), name)
        }
      }))
  }
})

const open = Effect.gen(function*() {
  const session = yield* Session.open
  // An unlogged table is filled faster.
  yield* session.sql.unsafe("ALTER TABLE pgq.jobs SET UNLOGGED").unprepared
  // Vacuum would change the number of pages in the middle of a test.
  for (const table of ["jobs", "dirty_lanes", "leases"]) {
    yield* session.sql.unsafe(`ALTER TABLE pgq.${table} SET (autovacuum_enabled = off)`).unprepared
  }
  return { session, worker: yield* session.worker("deep") }
})

/**
 * Makes a shape of the queue without its triggers, which would set other states. Only a superuser
 * may do so.
 */
const change = Effect.fnUntraced(function*(statements: ReadonlyArray<string>) {
  const { sql } = yield* Session.openAt((yield* TestDatabase).adminUrl)
  yield* sql.unsafe("SET session_replication_role = replica").unprepared
  for (const text of statements) yield* sql.unsafe(text).unprepared
})

/** The work of a step on a database with the changes. Both are rolled back. */
const work = Effect.fnUntraced(
  function*({ session, worker }: Subject, step: Step, changes: ReadonlyArray<string> = []) {
    yield* session.begin
    yield* session.sql.unsafe(tenJobs)
    const { given, perLaneMax } = step
    const claimed = perLaneMax === undefined
      ? { lease: "", ids: [] }
      : yield* session.claim({ queue: "deep", worker, limit: batch, perLaneMax })
    if (given !== undefined) yield* given({ session, worker }, claimed)
    for (const text of changes) yield* session.sql.unsafe(text).unprepared
    const found = yield* Work.measure(session, step.statement({ session, worker }, claimed))
    yield* session.rollback
    return found
  }
)

const excess = (work: Work.Work, step: Step, shape: string): ReadonlyArray<string> => [
  ...Object.keys(work.walked)
    .filter((table) => !smallTables.includes(table))
    .map((table) => `walks through ${table}`),
  ...Object.entries(work.indexes)
    .filter(([index, entries]) => entries > allowed(step, index, shape))
    .map(([index, entries]) => `reads ${entries} entries of ${index}`),
  ...(work.pages > step.pages ? [`touches ${work.pages} pages`] : [])
]

/** A claim reads and skips the ready jobs that are leased. */
const allowed = (step: Step, index: string, shape: string): number =>
  (step.indexes[index] ?? -1) + (index === "jobs_ready" && shape === "all leased" ? 1000 : 0)
