/**
 * One statement by hand on a job in one state: what it must do, or why it must be refused, and that the
 * queue goes on afterwards.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type * as Session from "../support/Session.ts"
import type { Says, Statement } from "./Statements.ts"
import type { Scene, State } from "./States.ts"

export type Isolation = "READ COMMITTED" | "REPEATABLE READ"

export interface Sessions {
  readonly person: Session.Session
  readonly work: Session.Session
}

/** The code that the statement must be refused with, if it must. */
export const refusalOf = (state: State, { says }: Statement, isolation: Isolation) => {
  if (says.state !== undefined && (says.state === "scheduled") !== state.isLater) return "55000"
  const isRemoved = says.isGone === true || says.isTruncate === true
  const isMoved = isRemoved || says.start === "later" || says.moves?.(state) === true
  const isOld = isolation === "REPEATABLE READ"
  if (isOld && (says.isTruncate || isMoved && state.isOpen)) return "25001"
  return isMoved && state.isHeld && (state.isKeyed || !isRemoved) ? "55006" : undefined
}

/** Answers with the state that the job is in afterwards. */
export const run = Effect.fnUntraced(function*(
  { person, work }: Sessions,
  state: State,
  statement: Statement,
  isolation: Isolation
) {
  const scene = yield* state.make(work)
  const code = refusalOf(state, statement, isolation)
  const said = yield* tell(person, statement.sql(scene), isolation)
  assert.strictEqual(said.code, code, said.message)
  if (code !== undefined) assert.notStrictEqual(said.hint, undefined, said.message)
  const says: Says = code === undefined ? statement.says : {}
  const after = yield* stateOf(work, scene)

  if (scene.held.ids.length > 0) {
    const lost = yield* work.complete(scene.held.lease, scene.held.ids)
    assert.deepStrictEqual(lost, says.isGone || says.isTruncate ? scene.held.ids : [])
  }
  const all = [scene.job, ...scene.others]
  const left = says.isTruncate ? [] : all.filter((id) => !says.isGone || id !== scene.job)
  yield* workOff(work, scene)
  yield* checkStart(work, state, says, scene)
  yield* timePasses(work, scene)
  yield* workOff(work, scene)
  const { finished, unfinished } = yield* countOf(work, scene)
  assert.deepStrictEqual([finished, unfinished], [left.length, 0])
  return code === undefined ? after : `refused, \`${code}\``
})

/** What has started by now, before any time has passed. */
const checkStart = Effect.fnUntraced(function*(
  work: Session.Session,
  state: State,
  says: Says,
  scene: Scene
) {
  if (says.isGone || says.isTruncate) return
  const waits = says.start === undefined ? state.isLater : says.start === "later"
  const leaves = says.moves?.(state) && !says.staysInLane || says.state === "scheduled"
  const holds = waits && state.isHolding && !leaves
  const rows = yield* work.sql<{ id: bigint }>`
    SELECT id FROM pgq.jobs WHERE queue IN (${scene.queue}, ${scene.elsewhere}) ORDER BY id
  `
  const expected = (waits ? 1 : 0) + (holds ? 1 : 0)
  assert.strictEqual(rows.length, expected, `${rows.length} are left before their time`)
})

interface Said {
  readonly code?: string
  readonly hint?: string
  readonly message?: string
}

const tell = Effect.fnUntraced(function*(
  person: Session.Session,
  statement: string,
  isolation: Isolation
) {
  yield* isolation === "READ COMMITTED" ? person.begin : person.beginAt(isolation)
  yield* person.sql`SELECT FROM pgq.jobs LIMIT 1`
  const said = yield* Effect.match(person.sql.unsafe(statement).unprepared, {
    onSuccess: (): Said => ({}),
    onFailure: ({ reason }): Said => reason.cause as Said
  })
  yield* said.code === undefined ? person.commit : person.rollback
  return said
})

const stateOf = (work: Session.Session, scene: Scene) =>
  Effect.map(
    work.sql<{ state: string }>`
      SELECT state FROM pgq.job_states
      WHERE queue IN (${scene.queue}, ${scene.elsewhere}) AND id <> ALL (${scene.others}::bigint[])
    `,
    ([row]) => row?.state ?? "gone"
  )

/** Claims and completes until there is nothing to claim; no two leases hold jobs of one key. */
export const workOff = Effect.fnUntraced(function*(work: Session.Session, scene: Scene) {
  for (let rounds = 0; rounds < 20; rounds++) {
    const held: Array<{ readonly lease: string; readonly ids: ReadonlyArray<bigint> }> = []
    for (const queue of [scene.queue, scene.elsewhere]) {
      for (;;) {
        const claimed = yield* work.claim({ queue, worker: scene.worker, limit: 1 })
        if (claimed.ids.length === 0) break
        held.push(claimed)
      }
    }
    assert.deepStrictEqual(yield* sharedKeys(work), [])
    if (held.length === 0) return
    for (const { ids, lease } of held) {
      assert.deepStrictEqual(yield* work.complete(lease, ids), [])
    }
  }
  assert.fail("there is always something left to claim")
})

const sharedKeys = (
  work: Session.Session
): Effect.Effect<ReadonlyArray<object>, SqlError.SqlError> =>
  work.sql`
    SELECT j.queue, j.serialization_key FROM pgq.leases AS l, unnest(l.job_ids) AS held(id)
    JOIN pgq.jobs AS j ON j.id = held.id WHERE j.serialization_key IS NOT NULL
    GROUP BY 1, 2 HAVING count(*) > 1
  `

/** What was for later is due; nobody does that by hand. */
const timePasses = (work: Session.Session, scene: Scene) =>
  Effect.andThen(
    work.sql`
      UPDATE pgq.jobs SET run_at = now() FROM (SELECT set_config('pgq.step', '0', true)) AS mark
      WHERE queue IN (${scene.queue}, ${scene.elsewhere}) AND run_at IS NOT NULL
    `,
    work.sql`SELECT promoted FROM pgq.promote(1000)`
  )

const countOf = (work: Session.Session, scene: Scene) =>
  Effect.map(
    work.sql<{ finished: number; unfinished: number }>`
      SELECT (SELECT count(*)::integer FROM pgq.finished_jobs
              WHERE queue IN (${scene.queue}, ${scene.elsewhere})) AS finished,
             (SELECT count(*)::integer FROM pgq.jobs) AS unfinished
    `,
    ([row]) => row!
  )
