/**
 * The number of statements in a settlement, and its answer while a person's transaction locks a
 * row.
 */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { Statement } from "effect/sql"
import { Settlement } from "../../src/domain/Settlement.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { claim, enqueue, queueName, settled, workerOf } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const setup = Effect.gen(function*() {
  const queue = yield* queueName
  const worker = yield* workerOf(queue)
  yield* enqueue(queue, {}, {}, {})
  const settlements = (yield* claim({ queue, worker }))
    .map((job) => settled(job, Settlement.Completed()))
  return { person: yield* Session.open, settlements, ids: settlements.map(({ id }) => id) }
})

/** Settles. Answers with the store's answer and the functions of pgq that were called. */
const settle = Effect.fnUntraced(
  function*(settlements: Parameters<JobRepo["Service"]["settle"]>[0]) {
    const calls: Array<string> = []
    const answer = yield* JobRepo.use((repo) => repo.settle(settlements)).pipe(
      Effect.provideService(Statement.CurrentTransformer, (statement) =>
        Effect.sync(() => {
          const [text] = statement.compile()
          calls.push(
            ...Array.from(text.matchAll(/"(settle|settle_again|row_locked)"/g), (m) => m[1]!)
          )
          return statement
        }))
    )
    return { ...answer, calls }
  }
)

const recorded = { lost: [], rowLocked: [], hasMadeReady: false }

const options = { excludeTestServices: true, timeout: "1 minute" } as const

layer(PgQueue.layer, options)("a settlement", (it) => {
  it.effect("is one statement where no row is locked", () =>
    Effect.gen(function*() {
      const { settlements } = yield* setup

      const answer = yield* settle(settlements)

      assert.deepStrictEqual(answer, { ...recorded, calls: ["settle"] })
    }))

  it.effect("says whether a claim may find a job that no claim could find before", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      yield* enqueue(queue, { key: "a" }, { key: "a" }, { key: "b" }, {}, {})
      const jobs = yield* claim({ queue, worker })
      const retried = Settlement.Retried({ error: "", delay: Duration.hours(1), holdsLane: false })
      const ends = [Settlement.Completed(), Settlement.Completed(), retried, Settlement.Released()]

      const answers = yield* Effect.forEach(jobs, (job, n) => settle([settled(job, ends[n]!)]))

      assert.deepStrictEqual(
        answers.map(({ hasMadeReady }, n) => [jobs[n]!.key, hasMadeReady]),
        [["a", true], ["b", false], [undefined, false], [undefined, true]]
      )
    }))

  it.effect("leaves a job whose row is locked, and does not wait for it twice", () =>
    Effect.gen(function*() {
      const { ids: [held, ...others], person, settlements } = yield* setup
      yield* person.begin
      yield* person.sql`UPDATE pgq.jobs SET priority = 1 WHERE id = ${held}`

      const first = yield* settle(settlements)
      const left = yield* person.sql`SELECT id FROM pgq.jobs WHERE id = ANY (${others})`
      const again = yield* settle(settlements.slice(0, 1))
      yield* person.commit
      const last = yield* settle(settlements.slice(0, 1))
      const after = yield* settle(settlements)

      const rowLocked = [held!]
      const calls = ["settle", "row_locked", "settle"]
      assert.deepStrictEqual(first, { ...recorded, rowLocked, calls })
      assert.deepStrictEqual(left, [])
      assert.deepStrictEqual(again, { ...recorded, rowLocked, calls: ["row_locked"] })
      assert.deepStrictEqual(last, { ...recorded, calls: ["row_locked", "settle"] })
      assert.deepStrictEqual([after.calls, after.lost.length], [["settle"], 3])
    }))

  it.effect("fails where a whole table is locked", () =>
    Effect.gen(function*() {
      const { person, settlements } = yield* setup
      yield* person.begin
      yield* person.sql`LOCK TABLE pgq.jobs IN EXCLUSIVE MODE`

      const error = yield* Effect.flip(settle(settlements))
      yield* person.rollback

      assert.deepStrictEqual([error.code, error.isTransient], ["55P03", true])
      assert.deepStrictEqual((yield* settle(settlements)).calls, ["settle"])
    }))
})
