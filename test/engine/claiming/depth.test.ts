/**
 * The cost of claims and settlements depends on the jobs that they take. It does not depend on the
 * length of the lanes or on the planner's statistics.
 *
 * Tests `sql/0004_claim.sql` and `sql/0005_settle.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import * as Session from "../../support/Session.ts"

interface Subject {
  readonly queue: string
  readonly worker: string
  /** The key of the lane that gets one more job right before the claim. */
  readonly key: string
}

/** The number of pages that a claim of ten lanes or jobs touches. The claim is rolled back. */
const claiming = Effect.fnUntraced(
  function*(session: Session.Session, { key, queue, worker }: Subject) {
    yield* session.begin
    yield* session.insert({ queue, key })
    const plan = yield* session.sql`
      EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON)
      SELECT * FROM pgq.claim(ARRAY[${queue}], ${worker}::uuid, 10, 10, 5, false, NULL)
    `
    yield* session.rollback
    return pagesOf(plan)
  }
)

/** The pages that the settlement of such a claim touches. The settlement is rolled back, too. */
const settling = Effect.fnUntraced(function*(session: Session.Session, subject: Subject) {
  yield* session.begin
  const { ids, lease } = yield* session.claim({ ...subject, limit: 10, perLaneMax: 5 })
  const plan = yield* session.sql`
    EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON)
    SELECT * FROM pgq.settle(
      ARRAY[${lease}::uuid], ARRAY[${ids.length}::integer], ${ids}::bigint[], '[]')
  `
  yield* session.rollback
  return pagesOf(plan)
})

const pagesOf = (rows: ReadonlyArray<object>): number => {
  const [{ "QUERY PLAN": [{ Plan }] }] = decodePlan(rows)
  return Plan["Shared Hit Blocks"] + Plan["Shared Read Blocks"]
}

const decodePlan = Schema.decodeUnknownSync(Schema.Tuple([Schema.Struct({
  "QUERY PLAN": Schema.Tuple([Schema.Struct({
    Plan: Schema.Struct({
      "Shared Hit Blocks": Schema.Finite,
      "Shared Read Blocks": Schema.Finite
    })
  })])
})]))

/** Fifty jobs without a key among ten lanes of five. */
const insertUsual = (session: Session.Session, queue: string) =>
  session.sql`
    INSERT INTO pgq.jobs (queue, name, serialization_key)
    SELECT ${queue}, 'test', CASE WHEN n % 2 = 0 THEN 'lane ' || n % 20 END
    FROM generate_series(1, 100) AS n
  `

/** Gives every lane its head as claims do, in steps of up to 5,000 lanes. */
const admitAll = Effect.fnUntraced(function*(session: Session.Session, queue: string) {
  let given = 1
  while (given > 0) {
    const [row] = yield* session.sql<{ given: number }>`
      SELECT given FROM pgq.admit(ARRAY[${queue}], 5000)
    `
    given = row!.given
  }
  // Autovacuum does this within a minute. Until then claims read the dead entries of markers.
  yield* session.sql`VACUUM pgq.dirty_lanes`.unprepared
})

const backlogs = {
  "a million jobs of one key": {
    key: "whale",
    insert: (session: Session.Session, queue: string) =>
      session.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key)
        SELECT ${queue}, 'test', 'whale' FROM generate_series(1, 1000000)
      `
  },
  "a hundred thousand lanes of one job": {
    key: "minnow 1",
    insert: (session: Session.Session, queue: string) =>
      session.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key, priority)
        SELECT ${queue}, 'test', 'minnow ' || n, -1 FROM generate_series(1, 100000) AS n
      `
  }
}

for (const [backlog, { insert, key }] of Object.entries(backlogs)) {
  layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(backlog, (it) => {
    it.effect("makes neither claims nor settlements dearer", () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        const [queue, usual] = [yield* queueName, yield* queueName]
        const plain = { queue: usual, worker: yield* session.worker(usual), key: "lane 0" }
        const deep = { queue, worker: yield* session.worker(queue), key }
        // Statistics of empty tables are the worst case.
        yield* session.sql`ANALYZE`
        yield* insert(session, queue)
        yield* insertUsual(session, queue)
        yield* insertUsual(session, usual)
        yield* admitAll(session, usual)
        yield* admitAll(session, queue)

        const check = Effect.forEach([claiming, settling], (step) =>
          Effect.gen(function*() {
            // Both steps run once before the measurement: the first steps of a session also read
            // the catalog.
            for (const subject of [plain, deep]) yield* step(session, subject)
            const usual = yield* step(session, plain)
            // After an autovacuum the server plans anew, and reads the catalog once.
            const found = Math.min(yield* step(session, deep), yield* step(session, deep))
            assert.isAbove(usual, 20)
            assert.isAtMost(found, 3 * usual + 100)
          }))
        yield* check
        yield* session.sql`ANALYZE`
        yield* check
      }), 60_000)
  })
}
