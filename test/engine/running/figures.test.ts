/**
 * A worker counts each end of a run as it happened, and how long jobs waited and ran.
 *
 * Tests `src/layers/worker/Tallies.ts` and `src/layers/worker/MeasuredStore.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { eventually, queueName } from "../../Given.ts"
import * as SeenFigures from "../../observe/SeenFigures.ts"
import * as Session from "../../support/Session.ts"
import { finishedAll, options, producer, start } from "../Live.ts"

const Good = Job.make("good")
const Bad = Job.make("bad", { maxAttempts: 1 })
const Blocks = Job.make("blocks", { maxAttempts: 1, onFail: "block" })
const Again = Job.make("again", { maxAttempts: 2, backoffBase: "1 millis", backoffCap: "1 millis" })
const Early = Job.make("early", { onDefect: OnError.snooze("1 millis") })
const Unwanted = Job.make("unwanted")
const Stays = Job.make("stays")
const Elsewhere = Job.make("elsewhere")

layer(producer, options)("the figures of a worker", (it) => {
  it.effect("count each end of a run once, as the store has it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const running = yield* Deferred.make<void>()
      const isUnwanted = yield* Deferred.make<void>()
      let snoozes = 0
      const { control, figures } = yield* Effect.map(
        start(
          Layer.mergeAll(
            Good.toLayer(() => Effect.void),
            Bad.toLayer(() => Effect.fail("bad")),
            Blocks.toLayer(() => Effect.fail("blocks")),
            Again.toLayer((_, { attempt }) => attempt === 1 ? Effect.fail("again") : Effect.void),
            Early.toLayer(() => snoozes++ < 2 ? Effect.die("early") : Effect.void),
            Unwanted.toLayer(() =>
              Effect.andThen(Deferred.succeed(isUnwanted, undefined), Effect.never)
            ),
            Stays.toLayer(() => Effect.andThen(Deferred.succeed(running, undefined), Effect.never))
          ),
          { queues: [queue] }
        ),
        (control) => ({ control, figures: control.figures })
      )
      yield* enqueueAll(Good, Array.from({ length: 30 }, () => ({ payload: undefined, queue })))
      yield* enqueue(Bad, undefined, { queue })
      yield* enqueue(Blocks, undefined, { queue, key: "k" })
      yield* enqueue(Again, undefined, { queue })
      yield* enqueue(Early, undefined, { queue })
      const unwanted = yield* enqueue(Unwanted, undefined, { queue })
      yield* enqueue(Elsewhere, undefined, { queue })
      yield* Deferred.await(isUnwanted)
      yield* Job.cancel(unwanted, { wait: "20 seconds" })
      yield* finishedAll(queue, 34)
      yield* enqueue(Stays, undefined, { queue })
      yield* Deferred.await(running)
      yield* control.stop("cancel")
      yield* control.ended

      assert.deepStrictEqual(SeenFigures.endsOf(figures), {
        good: { completed: 30 },
        bad: { failed: 1 },
        blocks: { blocked: 1 },
        again: { completed: 1, retried: 1 },
        early: { completed: 1, snoozed: 2 },
        unwanted: { cancelled: 1 },
        elsewhere: { unhandled: 1 },
        stays: { released: 1 }
      })
      // Three jobs came a second and a third time.
      assert.deepStrictEqual(figures.queues, [{ queue, claimed: 37 + 3 }])
    }))

  it.effect("count a run whose lease was lost as that, and as nothing else", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      const running = yield* Deferred.make<void>()
      let runs = 0
      const { figures } = yield* start(
        Stays.toLayer(() =>
          runs++ > 0
            ? Effect.void
            : Effect.andThen(Deferred.succeed(running, undefined), Effect.never)
        ),
        { queues: [queue] }
      )
      yield* enqueue(Stays, undefined, { queue })
      yield* Deferred.await(running)

      yield* session.sql`SELECT pgq.leave(id, true) FROM pgq.workers WHERE ${queue} = ANY (queues)`
      yield* finishedAll(queue, 1)

      yield* eventually(
        Effect.sync(() =>
          assert.deepStrictEqual(SeenFigures.endsOf(figures), { stays: { completed: 1, lost: 1 } })
        )
      )
    }))

  it.effect("count the jobs that go back with an undone job of their lane", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* enqueueAll(
        Again,
        Array.from({ length: 3 }, () => ({ payload: undefined, queue, key: "k" }))
      )
      const { figures } = yield* start(
        Again.toLayer((_, { attempt }) => attempt === 1 ? Effect.fail("again") : Effect.void),
        { queues: [queue] }
      )
      yield* finishedAll(queue, 3)

      const { completed = 0, released = 0, retried = 0 } = SeenFigures.endsOf(figures)["again"] ??
        {}
      assert.deepStrictEqual([completed, retried], [3, 3])
      assert.strictEqual(completed + retried + released, figures.queues[0]!.claimed)
    }))

  it.effect("know how long a job was due, and how long its handler ran", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const session = yield* Session.open
      yield* enqueue(Good, undefined, { queue })
      yield* session.sql`
        UPDATE pgq.jobs SET created_at = created_at - interval '90 seconds' WHERE queue = ${queue}
      `
      const { figures } = yield* start(Good.toLayer(() => Effect.sleep("20 millis")), {
        queues: [queue]
      })
      yield* finishedAll(queue, 1)

      const [kind] = SeenFigures.kindsOf(figures)
      assert.strictEqual(kind?.waited.count, 1)
      assert.isAtLeast(kind!.waited.sum, 90)
      assert.strictEqual(kind!.waited.buckets[15], 1)
      assert.isAtLeast(kind!.ran.sum, 0.019)
      assert.isBelow(kind!.ran.sum, 60)
      assert.strictEqual(kind!.ran.buckets.reduce((a, b) => a + b), 1)
    }))
})
