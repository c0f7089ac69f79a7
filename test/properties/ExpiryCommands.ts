/**
 * The commands by which jobs expire: the time of some jobs is over, and a sweep ends those that no
 * worker has.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { jobOf } from "../Given.ts"
import { keyOf, modelOf } from "./ProducerCommands.ts"
import type { Command, Run } from "./QueueMachine.ts"
import * as QueueModel from "./QueueModel.ts"

export const operations = ["add a job that expires", "the time is over", "sweep"] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export const make = ({ model, queue, seats }: Run) => {
  const control = () => seats.control.now()
  const sql = () => control().session.sql

  const add = Effect.fnUntraced(function*({ detail, key, priority }: Command) {
    const delay = detail > 11 ? Duration.hours(1) : undefined
    const job = jobOf(queue, { key: keyOf(key), priority, delay, expiresIn: Duration.hours(1) })
    const [id] = yield* control().repo.enqueue([job])
    model.put({ ...modelOf(id!, job), expiresAt: QueueModel.later })
  })

  /** Lets the time come for which maintenance has noted these jobs. A job may be noted twice. */
  const look = (ids: ReadonlyArray<bigint>) =>
    sql()`
      WITH noted AS (
        DELETE FROM pgq.expiries WHERE job_id = ANY (${ids}::bigint[]) RETURNING job_id
      )
      INSERT INTO pgq.expiries (at, job_id) SELECT DISTINCT now(), job_id FROM noted
    `

  /** The update is marked as a step, because the time passes, and nobody changes the jobs. */
  const pass = Effect.fnUntraced(function*({ detail }: Command) {
    const timed = model.all().filter(({ expiresAt }) => expiresAt === QueueModel.later)
    const leased = timed.filter(({ laneState }) => laneState === "leased")
    const among = detail > 10 && leased.length > 0 ? leased : timed
    const over = detail % 3 === 0 ? timed : among.slice(detail % 2, detail % 2 + 1)
    const ids = over.map(({ id }) => id)
    yield* sql()`
      UPDATE pgq.jobs SET expires_at = now()
      FROM (SELECT set_config('pgq.step', '0', true)) AS mark
      WHERE id = ANY (${ids}::bigint[])
    `
    yield* look(ids)
    for (const job of over) model.put({ ...job, expiresAt: QueueModel.now })
  })

  /** A sweep comes back to the jobs that were leased or locked when it looked last. */
  const sweep = Effect.gen(function*() {
    const over = model.all().filter(({ expiresAt }) => expiresAt === QueueModel.now)
    yield* look(over.map(({ id }) => id))
    const { expired } = yield* control().scheduler.expire
    assert.strictEqual(expired, model.expire())
  })

  return {
    step: (op: Operation, command: Command): Effect.Effect<void, unknown> =>
      op === "add a job that expires" ? add(command) : op === "sweep" ? sweep : pass(command)
  }
}
