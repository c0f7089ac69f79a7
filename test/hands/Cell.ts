/**
 * Runs one statement by hand on a job in one state. Checks the effect or the refusal of the
 * statement, and that the queue goes on afterwards.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { PlainSession } from "../support/PlainSession.ts"
import type * as Session from "../support/Session.ts"
import * as Added from "./Added.ts"
import type { Says, Statement } from "./Statements.ts"
import type { Scene, State } from "./States.ts"

export type Isolation = "READ COMMITTED" | "REPEATABLE READ"

export interface Sessions {
  readonly person: PlainSession
  readonly work: Session.Session
  readonly wakes: Added.Wakes
}

/** The error code of the refusal, if the statement must be refused. */
export const refusalOf = (state: State, { says }: Statement, isolation: Isolation) => {
  if (says.state !== undefined && (says.state === "scheduled") !== state.isLater) return "55000"
  const isRemoved = says.isGone === true || says.isTruncate === true
  const isMoved = isRemoved || says.start === "later" || says.moves?.(state) === true
  const isOld = isolation === "REPEATABLE READ"
  if (isOld && (says.isTruncate || isMoved && state.isOpen)) return "25001"
  return isMoved && state.isHeld && (state.isKeyed || !isRemoved) ? "55006" : undefined
}

/** Answers the state of the job afterwards and the state of an added job, or the refusal. */
export const run = Effect.fnUntraced(function*(
  { person, wakes, work }: Sessions,
  state: State,
  statement: Statement,
  isolation: Isolation
) {
  const scene = yield* state.make(work)
  const code = refusalOf(state, statement, isolation)
  yield* Added.fallAsleep(work, scene)
  const said = yield* tell(person, statement, scene, isolation)
  assert.strictEqual(said.code, code, said.message)
  if (code !== undefined) assert.notStrictEqual(said.hint, undefined, said.message)
  const says: Says = code === undefined ? statement.says : {}
  const after = yield* stateOf(work, scene)
  const beside = says.adds ? yield* Added.check(work, wakes, scene) : ""

  if (scene.held.ids.length > 0) {
    const lost = yield* work.complete(scene.held.lease, scene.held.ids)
    assert.deepStrictEqual(lost, says.isGone || says.isTruncate ? scene.held.ids : [])
  }
  const all = [scene.job, ...scene.others]
  const kept = says.isTruncate ? 0 : says.isGone ? all.length - 1 : all.length
  yield* workOff(work, scene)
  yield* checkStart(work, state, says, scene)
  yield* timePasses(work, scene)
  yield* workOff(work, scene)
  if (says.adds) yield* Added.checkOrder(work, scene)
  const { finished, unfinished } = yield* countOf(work, scene)
  assert.deepStrictEqual([finished, unfinished], [kept + (says.adds ? 2 : 0), 0])
  return code === undefined ? after + beside : `refused, \`${code}\``
})

/** Checks which jobs are left before the jobs for later are due. */
const checkStart = Effect.fnUntraced(function*(
  work: Session.Session,
  state: State,
  says: Says,
  scene: Scene
) {
  const isGone = says.isGone || says.isTruncate
  const waits = !isGone && (says.start === undefined ? state.isLater : says.start === "later")
  const leaves = says.moves?.(state) && !says.staysInLane || says.state === "scheduled"
  const holds = waits && state.isHolding && !leaves
  const rows = yield* work.sql<{ id: bigint }>`
    SELECT id FROM pgq.jobs WHERE queue IN (${scene.queue}, ${scene.elsewhere}) ORDER BY id
  `
  const behind = says.adds ? 2 : 1
  const expected = (waits ? 1 : 0) + (holds ? behind : 0) + (says.adds ? 1 : 0)
  assert.strictEqual(rows.length, expected, `${rows.length} are left before their time`)
})

const tell = Effect.fnUntraced(function*(
  person: PlainSession,
  statement: Statement,
  scene: Scene,
  isolation: Isolation
) {
  yield* person.tell(`BEGIN ISOLATION LEVEL ${isolation}`)
  yield* person.tell("SELECT FROM pgq.jobs LIMIT 1")
  const said = yield* person.tell(statement.sql(scene), statement.rows?.(scene))
  const end = yield* person.tell(said.code === undefined ? "COMMIT" : "ROLLBACK")
  assert.strictEqual(end.code, undefined, end.message)
  return said
})

const stateOf = (work: Session.Session, scene: Scene) =>
  Effect.map(
    work.sql<{ state: string }>`
      SELECT state FROM pgq.job_states
      WHERE queue IN (${scene.queue}, ${scene.elsewhere}) AND name <> ${Added.jobs.name}
        AND id <> ALL (${scene.others}::bigint[])
    `,
    ([row]) => row?.state ?? "gone"
  )

/** Claims and completes jobs until none is left. Checks that no two jobs of a key are leased. */
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

/** Makes the jobs for later due. The update counts as one of pgq's steps, not as one by hand. */
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
