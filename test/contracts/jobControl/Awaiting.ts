/**
 * Jobs that somebody waits for.
 */
import { assert, type Vitest } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Schema } from "effect"
import { AwaitTimeout, JobCancelled, JobFailed } from "../../../src/domain/JobEnd.ts"
import * as OnError from "../../../src/domain/OnError.ts"
import { AwaitWouldBlock } from "../../../src/domain/OwnJob.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { OwnJobs } from "../../../src/services/OwnJobs.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import { crash, discard, retry, run } from "./ByHand.ts"
import { cancel, failed, type Services } from "./Cancelling.ts"

class Declined extends Schema.TaggedError<Declined>()("Declined", { code: Schema.BigInt }) {}

const Charge = Job.make("charge", {
  success: Schema.Struct({ receipt: Schema.Date }),
  error: Declined,
  onError: { Declined: OnError.fail }
})

const keep = Duration.days(1)
const value = (text: string) => Settlement.Completed({ result: { keep, value: text } })
const receipt = "{\"receipt\":\"2026-01-02T03:04:05.000Z\"}"
const declined = Settlement.Failed({
  error: "Declined",
  failure: "{\"_tag\":\"Declined\",\"code\":\"51\"}",
  blocksLane: false
})

const [now, name] = [Duration.zero, "charge"]

/** How waiting for a job fails. */
const failure = (id: bigint) => Effect.flip(Job.await(Charge, id, { timeout: "20 seconds" }))

export const awaiting = (it: Vitest.MethodsNonLive<Services>) => {
  for (const isFirst of [true, false]) {
    it.effect(`answers the result of a job that ends ${isFirst ? "before" : "later"}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { name, key: "k" })
        if (isFirst) yield* run(queue, value(receipt))
        const waiting = yield* Effect.forkChild(Job.await(Charge, id!))
        if (!isFirst) {
          yield* run(queue, Settlement.Released())
          yield* run(queue, value(receipt))
        }

        const result = yield* Fiber.join(waiting)

        assert.deepStrictEqual(result, { receipt: new Date("2026-01-02T03:04:05Z") })
      }))
  }

  it.effect("answers null, which is no lack of a value", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })
      yield* run(queue, value("null"))

      const Null = Job.make("charge", { success: Schema.NullOr(Schema.String) })
      assert.strictEqual(yield* Job.await(Null, id!), null)
    }))

  it.effect("fails with the declared error of the job", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })
      yield* run(queue, declined)

      const error = yield* failure(id!)
      assert.instanceOf(error, Declined)
      assert.deepStrictEqual(error, new Declined({ code: 51n }))
    }))

  for (
    const [end, how, expected] of [
      ["failed", (queue: string) => run(queue, failed), "JobFailed"],
      ["crashed", (queue: string) => crash(queue), "JobFailed"],
      ["was discarded", (_: string, id: bigint) => discard(id), "JobFailed"],
      ["was cancelled", (_: string, id: bigint) => cancel(id), "JobCancelled"],
      [
        "has no result",
        (queue: string) => run(queue, Settlement.Completed()),
        "ResultGone"
      ],
      [
        "has a result that could not be stored",
        (queue: string) =>
          run(queue, Settlement.Completed({ result: { keep, error: "too long" } })),
        "ResultInvalid"
      ],
      [
        "has a result of an older schema",
        (queue: string) => run(queue, value("{\"receipt\":7}")),
        "ResultInvalid"
      ]
    ] as const
  ) {
    it.effect(`says that a job ${end}`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const [id] = yield* enqueue(queue, { name })
        const waiting = yield* Effect.forkChild(failure(id!))

        yield* how(queue, id!)

        assert.strictEqual((yield* Fiber.join(waiting))._tag, expected)
        assert.strictEqual((yield* failure(id!))._tag, expected)
      }))
  }

  it.effect("says why a job failed or was cancelled", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })
      yield* run(queue, failed)
      const [unwanted] = yield* enqueue(queue, { name })
      yield* run(queue, Settlement.Cancelled({ error: "customer left" }))

      assert.deepStrictEqual(
        yield* failure(id!),
        new JobFailed({ id: id!, outcome: "failed", error: "no" })
      )
      assert.deepStrictEqual(
        yield* failure(unwanted!),
        new JobCancelled({ id: unwanted!, reason: "customer left" })
      )
    }))

  it.effect("goes on while the job is tried again, by itself or by hand", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })
      yield* run(queue, declined)
      yield* retry(id!)
      const waiting = yield* Effect.forkChild(Job.await(Charge, id!))
      yield* run(queue, Settlement.Snoozed({ delay: now, error: "no", holdsLane: false }))
      yield* retry(id!)
      yield* run(queue, value(receipt))

      assert.property(yield* Fiber.join(waiting), "receipt")
    }))

  it.effect("refuses at once a job that is unknown, or of another kind", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [other, ended] = yield* enqueue(queue, { name: "mail", delay: now }, { name: "greet" })
      assert.strictEqual((yield* failure(2n ** 62n))._tag, "JobUnknown")
      assert.strictEqual((yield* failure(other!))._tag, "WrongKind")
      yield* run(queue, value("7"))
      assert.strictEqual((yield* failure(ended!))._tag, "WrongKind")
    }))

  it.effect("refuses a run that would wait for its own job or for one behind it", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const key = "k"
      const [own, behind, free, alone] = yield* enqueue(
        queue,
        ...[{ key }, { key }, {}, {}].map(
          (job) => ({ ...job, name })
        )
      )
      const [elsewhere] = yield* enqueue(yield* queueName, { name, key })
      const waitAs = (id: bigint, timeout: Duration.Input, isRunning = true) =>
        Effect.provideService(Job.await(Charge, id, { timeout }), OwnJobs, [
          { id: own!, queue, key, isRunning },
          { id: alone!, queue, key: undefined, isRunning }
        ])

      for (const id of [own!, behind!, alone!]) {
        const error = yield* Effect.flip(waitAs(id, "20 seconds"))
        assert.deepStrictEqual(
          error,
          new AwaitWouldBlock({ id, key: id === alone ? undefined : key })
        )
      }
      for (const id of [free!, elsewhere!]) {
        assert.strictEqual((yield* Effect.flip(waitAs(id, "200 millis")))._tag, "AwaitTimeout")
      }
      // The run has ended, and something that it has begun goes on.
      const late = yield* Effect.flip(waitAs(behind!, "200 millis", false))
      assert.strictEqual(late._tag, "AwaitTimeout")
      yield* run(queue, value(receipt))
      assert.property(yield* waitAs(own!, "20 seconds"), "receipt")
    }))

  it.effect("waits no longer than it is told, and leaves the job alone", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })

      const error = yield* Effect.flip(Job.await(Charge, id!, { timeout: "30 millis" }))

      assert.deepStrictEqual(error, new AwaitTimeout({ id: id! }))
      const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })
      assert.deepStrictEqual(yield* settle(jobs, value(receipt)), [])
      assert.property(yield* Job.await(Charge, id!), "receipt")
    }))

  it.effect("keeps no result of a run that came too late", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [id] = yield* enqueue(queue, { name })
      const worker = yield* workerOf(queue)
      const late = yield* claim({ queue, worker })
      yield* settle(late, Settlement.Released())
      const jobs = yield* claim({ queue, worker })
      assert.deepStrictEqual(yield* settle(late, value("1")), [id])
      yield* settle(jobs, value(receipt))

      assert.property(yield* Job.await(Charge, id!), "receipt")
    }))

  it.effect("answers for each of many how it ended, in the order given", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [one] = yield* enqueue(queue, { name })
      yield* run(queue, declined)
      const [two] = yield* enqueue(queue, { name })
      yield* run(queue, value(receipt))

      const exits = yield* Job.awaitAll(Charge, [two!, one!, two!], { timeout: "20 seconds" })

      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, true])
    }))

  it.effect("answers hundreds that wait at once", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const ids = yield* enqueue(queue, ...Array.from({ length: 300 }, () => ({ name })))
      const waiting = yield* Effect.forkChild(
        Effect.forEach(ids, (id) => Job.await(Charge, id), { concurrency: "unbounded" })
      )
      const worker = yield* workerOf(queue)
      yield* settle(yield* claim({ queue, worker, limit: 300, slots: 300 }), value(receipt))

      assert.lengthOf(yield* Fiber.join(waiting), 300)
    }))
}
