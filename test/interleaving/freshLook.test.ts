/**
 * A claim reads the leases, and another claim takes a job and commits before the first one has
 * locked the job's row. The first claim reads the leases again, and leaves that job alone.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const gate = 4711

/**
 * Session `b` waits where a claim that locks its jobs reaches the job whose id `test.gate` names.
 * The claim's snapshot is older than all that is committed meanwhile.
 */
const setup = Effect.gen(function*() {
  const [a, b] = [yield* Session.open, yield* Session.open]
  const queue = crypto.randomUUID()
  yield* a.sql`
    CREATE OR REPLACE FUNCTION pgq.wait_at_gate(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
      context text;
    BEGIN
      IF current_setting('test.gate', true) = id::text THEN
        GET DIAGNOSTICS context = PG_CONTEXT;
        IF context LIKE '%FOR UPDATE%' THEN PERFORM pg_advisory_xact_lock(4711); END IF;
      END IF;
      RETURN true;
    END $$
  `.unprepared
  yield* a.sql`ALTER TABLE pgq.jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`.unprepared
  yield* a.sql`DROP POLICY IF EXISTS gate ON pgq.jobs`.unprepared
  yield* a.sql`CREATE POLICY gate ON pgq.jobs USING (pgq.wait_at_gate(id))`.unprepared
  return { a, b, queue, workerA: yield* a.worker(queue), workerB: yield* b.worker(queue) }
})

type Setup = Effect.Success<typeof setup>

/** Session `b` claims, and session `a` claims while `b` waits before the job. */
const claimBoth = Effect.fnUntraced(function*({ a, b, queue, workerA, workerB }: Setup, options: {
  readonly job: bigint
  readonly limit: number
}) {
  yield* b.sql`SELECT set_config('test.gate', ${String(options.job)}, false)`
  yield* a.sql`SELECT pg_advisory_lock(${gate})`
  const claiming = yield* Effect.forkChild(
    b.claim({ queue, worker: workerB, limit: options.limit, perLaneMax: 10 })
  )
  yield* Session.someoneWaits
  const takenA = yield* a.claim({ queue, worker: workerA, perLaneMax: 10 })
  yield* a.sql`SELECT pg_advisory_unlock(${gate})`
  const takenB = yield* Fiber.join(claiming)
  return { a: takenA.ids, b: takenB.ids }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(
  "a claim that was overtaken since it read the leases",
  (it) => {
    it.effect("leaves a healthy job to the other claim", () =>
      Effect.gen(function*() {
        const given = yield* setup
        const job = yield* given.a.insert(given)

        const taken = yield* claimBoth(given, { job, limit: 10 })

        assert.deepStrictEqual(taken, { a: [job], b: [] })
      }))

    it.effect("leaves a suspect to the other claim, which took it beside a lane", () =>
      Effect.gen(function*() {
        const given = yield* setup
        const { a, queue } = given
        const suspect = yield* a.insert({ queue })
        yield* a.asStep(`UPDATE pgq.jobs SET crash_count = 1 WHERE id = ${suspect}`)
        yield* a.insert({ queue })
        const lane = [yield* a.insert({ queue, key: "k" }), yield* a.insert({ queue, key: "k" })]
        yield* a.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 10, false)`

        // The claim of `b` has locked the healthy job before it comes to the suspect.
        const taken = yield* claimBoth(given, { job: suspect, limit: 1 })

        assert.deepStrictEqual(taken, { a: [suspect, ...lane], b: [] })
      }))
  }
)
