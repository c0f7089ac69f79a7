/**
 * A settlement costs a fixed amount for each job and each lease of its batch, whatever the number
 * of lanes, of leases and of finished jobs.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Work from "./Work.ts"

interface Claimed {
  readonly leases: ReadonlyArray<string>
  readonly counts: ReadonlyArray<number>
  readonly ids: ReadonlyArray<bigint>
}

const settled = (step: "settle" | "settle_again", { sql }: Session.Session, claimed: Claimed) =>
  sql`SELECT * FROM ${sql(`pgq.${step}`)}(
    ${claimed.leases}::uuid[], ${claimed.counts}::integer[], ${claimed.ids}::bigint[], '[]')`

const retried = ({ sql }: Session.Session, { ids, leases }: Claimed) =>
  sql`SELECT * FROM pgq.settle('{}', '{}', '{}', (
    SELECT jsonb_agg(jsonb_build_object('lease', lease, 'id', id, 'outcome', 'retried', 'delay', 60,
                                        'holds', true, 'error', 'as it happens'))
    FROM unnest(${leases}::text[], ${ids}::bigint[]) AS job(lease, id)))`

const complete = (session: Session.Session, claimed: Claimed) => settled("settle", session, claimed)

/**
 * Makes `leases` leases of `jobs` jobs each. With `isKeyed` each of these jobs has a lane of its
 * own, with `perLaneMax` more jobs behind it.
 */
const claims = Effect.fnUntraced(function*(session: Session.Session, options: {
  readonly leases: number
  readonly jobs: number
  readonly isKeyed?: boolean
  readonly perLaneMax?: number
}) {
  const { isKeyed = false, jobs, perLaneMax = 0, leases } = options
  const queue = crypto.randomUUID()
  const worker = yield* session.worker(queue)
  yield* session.sql`
    INSERT INTO pgq.jobs (queue, name, serialization_key)
    SELECT ${queue}, 'test', CASE WHEN ${isKeyed} THEN 'lane ' || n END
    FROM generate_series(1, ${
    leases * jobs
  }::integer) AS n, generate_series(0, ${perLaneMax}::integer)
  `
  const claimed = []
  for (let n = 0; n < leases; n++) {
    let { ids, lease } = yield* session.claim({ queue, worker, limit: jobs, perLaneMax })
    claimed.push({ lease, ids })
  }
  return {
    leases: claimed.map(({ lease }) => lease),
    counts: claimed.map(({ ids }) => ids.length),
    ids: claimed.flatMap(({ ids }) => ids)
  }
})

const entries = ({ indexes }: Work.Work, index: string) => indexes[index] ?? 0

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("settling", (it) => {
  it.effect("reads the rest of a lease once, however many lanes it is of", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      yield* session.begin
      const { counts, ids, leases } = yield* claims(session, {
        leases: 1,
        jobs: 150,
        perLaneMax: 5,
        isKeyed: true
      })
      const heads = yield* session.sql<{ id: bigint }>`
        SELECT id FROM pgq.jobs WHERE id = ANY (${ids}::bigint[]) AND state = 'ready'
      `
      const claimed = { leases, counts: [heads.length], ids: heads.map(({ id }) => id) }
      const work = yield* Work.measure(session, settled("settle", session, claimed))

      assert.deepStrictEqual([counts, heads.length], [[900], 150])
      assert.isAtMost(entries(work, "jobs_pkey"), 900 + 10 * 150)
    }))

  for (const [what, settlement] of [["completed", complete], ["retried", retried]] as const) {
    it.effect(`looks up each of many leases a few times, where their jobs are ${what}`, () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        yield* session.begin
        const claimed = yield* claims(session, { leases: 500, jobs: 1 })
        const work = yield* Work.measure(session, settlement(session, claimed))

        assert.lengthOf(claimed.ids, 500)
        assert.isAtMost(entries(work, "leases_pkey"), 5 * 500)
        assert.isAtMost(entries(work, "jobs_pkey"), 6 * 500)
        assert.isAtMost(entries(work, "settings_pkey") + (work.walked["settings"] ?? 0), 1)
      }))
  }

  it.effect("looks for nothing in the history, sent again or not", () =>
    Effect.gen(function*() {
      const session = yield* Session.open
      yield* session.begin
      const claimed = yield* claims(session, { leases: 2, jobs: 100 })
      yield* settled("settle", session, claimed)
      for (const step of ["settle", "settle_again"] as const) {
        const work = yield* Work.measure(session, settled(step, session, claimed))

        const read = [...Object.keys(work.indexes), ...Object.keys(work.walked)]
        assert.deepStrictEqual(read.filter((name) => /completed|failed|finished/.test(name)), [])
        assert.isAtMost(entries(work, "jobs_pkey"), 3 * 200)
        assert.isAtMost(work.pages, 2000)
      }
      assert.deepStrictEqual(yield* settled("settle_again", session, claimed), [])
      assert.lengthOf(yield* settled("settle", session, claimed), 200)
    }))
})
