/**
 * A person changes a running job in a transaction that stays open. This job and its lane wait, and
 * all other jobs go on.
 *
 * Tests `src/layers/worker/Settler.ts` and `sql/0005_settle.sql`.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { queueName } from "../../Given.ts"
import * as Session from "../../support/Session.ts"
import { finished, finishedAll, held, options, producer, start, unfinished } from "../Live.ts"

const Task = Job.make("task", { payload: Schema.Finite })

/** Starts a worker whose first job has run and cannot be settled: a person has locked its row. */
const setup = Effect.gen(function*() {
  const queue = yield* queueName
  const person = yield* Session.open
  const hasBegun = yield* Deferred.make<void>()
  const mayEnd = yield* Deferred.make<void>()
  const handlers = Task.toLayer((n) =>
    n > 0
      ? undefined
      : Effect.andThen(Deferred.succeed(hasBegun, undefined), Deferred.await(mayEnd))
  )
  const job = yield* enqueue(Task, 0, { queue, key: "k" })
  yield* enqueue(Task, 1, { queue, key: "k" })
  const control = yield* start(handlers, { queues: [queue] })
  yield* Deferred.await(hasBegun)
  yield* person.begin
  yield* person.sql`UPDATE pgq.jobs SET priority = 1 WHERE id = ${job}`
  yield* Deferred.succeed(mayEnd, undefined)
  return { control, job, person, queue }
})

layer(producer, options)("a worker whose job's row is held", (it) => {
  it.effect("records the others meanwhile, and this one and its lane's afterwards", () =>
    Effect.gen(function*() {
      const { job, person, queue } = yield* setup
      for (let round = 0; round < 3; round++) {
        yield* enqueueAll(Task, [2, 3, 4].map((payload) => ({ payload, queue })))
        yield* finishedAll(queue, 3 * (round + 1))
      }
      const meanwhile = yield* finished(queue)
      yield* person.commit
      yield* finishedAll(queue, 11)

      assert.notInclude(meanwhile.map(({ id }) => id), job)
      assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 1 })
    }))

  it.effect("signs off in time, and hands the job back", () =>
    Effect.gen(function*() {
      const { control, job, person, queue } = yield* setup
      yield* control.stop("finish")
      const leftBehind = yield* control.ended
      yield* person.commit

      assert.deepStrictEqual(leftBehind, [])
      assert.isTrue((yield* control.status).hasSignedOff)
      assert.deepStrictEqual(yield* held(queue), { leased: 0, workers: 0 })
      assert.deepStrictEqual((yield* unfinished(queue)).map(({ id }) => id).includes(job), true)
    }))
})
