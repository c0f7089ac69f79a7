/**
 * Transactional jobs over a queue in memory: the jobs that a run enqueues are there if and only if
 * the run has succeeded.
 *
 * Tests `src/layers/memory/MemoryTransactions.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { TestClock } from "effect/testing"
import * as OnError from "../../src/domain/OnError.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import type { CompletableJob } from "../../src/services/CompletableJob.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { JobAdmin } from "../../src/services/JobAdmin.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import * as MovingClock from "../support/MovingClock.ts"

const Post = Job.make("post", {
  success: Schema.Finite,
  transactional: { timeout: "10 seconds" },
  onTimeout: OnError.fail,
  backoffBase: "1 second",
  backoffCap: "1 second"
})
const Mail = Job.make("mail")

/** Runs one job with this handler, and answers its queue's counts and those of its mails. */
const counted = Effect.fnUntraced(function*(
  handler: (job: CompletableJob<number>) => Effect.Effect<number, unknown, JobRepo>
) {
  const handlers = Layer.provide(Post.toLayer((_, job) => handler(job)), MemoryQueue.client)
  const context = yield* Layer.buildWithScope(
    Layer.provide(MemoryQueue.layer({ jobs: [Post] }), handlers),
    yield* MovingClock.scope()
  )
  yield* Effect.provideContext(enqueue(Post), context)
  yield* TestClock.adjust("15 seconds")
  const counts = yield* Context.get(context, JobAdmin).counts
  const of = (queue: string) => counts.find((one) => one.queue === queue)
  return { done: of("default"), mails: of("mail")?.ready ?? 0 }
})

const mail = enqueue(Mail, undefined, { queue: "mail" })

describe("a transactional job in memory", () => {
  it.effect("that fails first leaves the jobs of its last attempt alone", () =>
    Effect.gen(function*() {
      const { done, mails } = yield* counted(({ attempt }) =>
        Effect.andThen(mail, attempt === 1 ? Effect.fail("not yet") : Effect.succeed(attempt))
      )

      assert.deepStrictEqual([done?.completed, mails], [1, 1])
    }))

  it.effect("is interrupted when its time is up, and leaves no job", () =>
    Effect.gen(function*() {
      const { done, mails } = yield* counted(() => Effect.andThen(mail, Effect.never))

      assert.deepStrictEqual([done?.failed, mails], [1, 0])
    }))

  it.effect("that completes itself by hand ends with its run", () =>
    Effect.gen(function*() {
      const { done, mails } = yield* counted((job) =>
        Effect.as(Effect.andThen(mail, job.complete(7)), 8)
      )

      assert.deepStrictEqual([done?.completed, mails], [1, 1])
    }))
})
