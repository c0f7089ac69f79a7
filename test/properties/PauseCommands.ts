/**
 * The commands that pause a queue, or all names in it, for the time of one claim.
 */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import type { Command, Run } from "./QueueMachine.ts"
import * as QueueModel from "./QueueModel.ts"
import * as QueueTables from "./QueueTables.ts"
import type { WorkerCommands } from "./WorkerCommands.ts"

export const operations = ["claim from a paused queue", "claim of paused names"] as const
export type Operation = typeof operations[number]

export const isOperation = (op: string): op is Operation =>
  operations.some((operation) => operation === op)

export const make = ({ model, queue, seats }: Run, working: WorkerCommands) => {
  const control = () => seats.control.now()
  const sql = () => control().session.sql

  /** A claim that finds no job, while the pauses last. */
  const claim = Effect.fnUntraced(function*(command: Command) {
    const options = working.optionsOf(command)
    const { isBehind, jobs } = yield* seats.claimers[command.who]!.now().repo.claim(options)
    assert.deepStrictEqual(jobs, [])
    model.claimed(options.worker, [], { isBehind })
    return isBehind
  })

  const ofQueue = Effect.fnUntraced(function*(command: Command) {
    yield* sql()`SELECT pgq.pause(${queue})`
    assert.isFalse(yield* claim(command))
    assert.isFalse(yield* control().repo.hasUnstarted([queue]))
    yield* sql()`SELECT pgq.resume(${queue})`
  })

  const aside = Effect.suspend(() =>
    Effect.map(
      sql()<{ id: bigint }>`SELECT job_id AS id FROM pgq.set_aside WHERE queue = ${queue}`,
      (rows) => rows.map(({ id }) => id)
    )
  )

  const ofNames = Effect.fnUntraced(function*(command: Command) {
    const before = yield* aside
    yield* sql()`
      SELECT pgq.pause(${queue}, name) FROM pgq.jobs WHERE queue = ${queue} GROUP BY name
    `
    yield* claim(command)
    const during = yield* aside
    for (const id of during.filter((id) => !before.includes(id))) {
      const job = model.jobs.get(id)!
      assert.strictEqual(job.laneState, "open")
      model.put(LaneJob.setAside(job))
    }
    const { jobs } = yield* QueueTables.read(sql(), queue)
    assert.deepStrictEqual(jobs, model.snapshot().jobs)
    yield* sql()`SELECT pgq.resume(queue, name) FROM pgq.pauses WHERE queue = ${queue}`
    yield* control().scheduler.unpause
    // A job that a person holds stays set aside.
    const left = yield* aside
    for (const id of during.filter((id) => !left.includes(id))) {
      model.put({ ...model.jobs.get(id)!, dueAt: QueueModel.now })
    }
    yield* working.promote
  })

  return {
    step: (op: Operation, command: Command) => {
      if (!model.workers.has(working.workerOf(command.who))) return Effect.void
      return op === "claim from a paused queue" ? ofQueue(command) : ofNames(command)
    }
  }
}
