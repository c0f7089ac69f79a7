/**
 * The kinds and handlers of the contract of `TestQueue`. A payload says how a run ends.
 */
import { Effect, Layer, Schema } from "effect"
import type { EnqueueOptions } from "../../../src/domain/JobRecord.ts"
import * as OnError from "../../../src/domain/OnError.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import * as TestQueue from "../../../src/layers/TestQueue.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"

export class Declined extends Schema.TaggedError<Declined>()("Declined", {}) {}

export const Mail = Job.make("mail", {
  payload: Schema.Struct({
    to: Schema.String,
    at: Schema.optionalKey(Schema.Date),
    tags: Schema.optionalKey(Schema.Array(Schema.String))
  })
})

/** Fails before its attempt `succeedsAt`. */
export const Flaky = Job.make("flaky", {
  payload: Schema.Struct({ succeedsAt: Schema.Int }),
  maxAttempts: 4,
  backoffBase: "1 hour"
})

export const Charge = Job.make("charge", {
  payload: Schema.Struct({ card: Schema.String }),
  error: Declined,
  onError: { Declined: OnError.fail }
})

/** Enqueues as many mails as it says. */
export const Mails = Job.make("mails", { payload: Schema.Int })

export const Nap = Job.make("nap")

/** Cancels itself, and then ends as it says. */
export const Quits = Job.make("quits", { payload: Schema.Literals(["succeeds", "fails"]) })

/** Enqueues a mail in its transaction, and then ends as it says. */
export const Post = Job.make("post", {
  payload: Schema.Literals(["succeeds", "fails", "completes"]),
  success: Schema.String,
  transactional: { timeout: "10 seconds" }
})

/** Answers when it expires. */
export const Brief = Job.make("brief", { expiresIn: "1 hour" })

/** Has no handler. */
export const Stray = Job.make("stray")

export const jobs = [Mail, Flaky, Charge, Mails, Nap, Quits, Post, Brief] as const

export const handlers: Layer.Layer<Job.HandlersOf<typeof jobs>, never, JobControl | JobRepo> = Layer
  .mergeAll(
    Mail.toLayer(({ to }) => to),
    Flaky.toLayer(({ succeedsAt }, { attempt }) =>
      attempt < succeedsAt ? Effect.fail(`not in attempt ${attempt}`) : Effect.succeed(attempt)
    ),
    Charge.toLayer(({ card }) => card === "bad" ? Effect.fail(new Declined()) : Effect.void),
    Mails.toLayer((count) =>
      enqueueAll(Mail, Array.from({ length: count }, (_, n) => ({ payload: { to: `${n}` } })))
    ),
    Quits.toLayer((ends, { id }) =>
      Effect.andThen(Job.cancel(id), ends === "fails" ? Effect.fail("cancelled") : Effect.void)
    ),
    Post.toLayer((ends, job) =>
      Effect.gen(function*() {
        yield* enqueue(Mail, { to: "ada" })
        if (ends === "completes") yield* job.complete("by hand")
        return ends === "fails" ? yield* Effect.fail("no") : "sent"
      })
    ),
    Brief.toLayer((_, { expiresAt }) => expiresAt?.getTime()),
    Nap.toLayer(() => Effect.fail(new Job.Snooze({ delay: "10 minutes" })))
  )

/** Ends all jobs that other tests of the suite have left. */
export const cleared = Effect.gen(function*() {
  const left = yield* TestQueue.enqueued()
  const control = yield* JobControl
  yield* control.cancel(left.map(({ id }) => id))
})

export const mailTo = (to: string, options?: EnqueueOptions) => enqueue(Mail, { to }, options)
