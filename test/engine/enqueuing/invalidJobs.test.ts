/**
 * Jobs that are refused before anything is sent.
 *
 * Tests `src/domain/JobRecord.ts` and `src/services/Enqueue.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Schema } from "effect"
import type { EnqueueOptions } from "../../../src/domain/JobRecord.ts"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { JobRepo } from "../../../src/services/JobRepo.ts"
import { queueName } from "../../Given.ts"
import * as DeepJson from "../../support/DeepJson.ts"
import { options, producer, unfinished } from "../Live.ts"

const Greet = Job.make("greet", { payload: Schema.Struct({ to: Schema.NonEmptyString }) })

/** A store that dies at its first call. */
const sendsNothing = Effect.provideService(JobRepo, {
  enqueue: () => Effect.die("sent"),
  offer: () => Effect.die("sent"),
  claim: () => Effect.die("sent"),
  settle: () => Effect.die("sent"),
  hasUnstarted: () => Effect.die("sent")
})

const invalid: Record<string, readonly [EnqueueOptions, RegExp]> = {
  "an empty key": [{ key: "" }, /key is empty/],
  "a key that is too long": [{ key: "é".repeat(257) }, /key has 514 bytes; at most 512/],
  "a key with a NUL character": [{ key: "a\0b" }, /NUL/],
  "an empty queue's name": [{ queue: "" }, /queue's name is empty/],
  "a fractional priority": [{ priority: 0.5 }, /priority must be a whole number/],
  "a priority beyond 32 bits": [{ priority: 2 ** 31 }, /priority must be a whole number/],
  "no attempts": [{ maxAttempts: 0 }, /attempts must be a whole number from 1/],
  "a time that is none": [{ runAt: new Date(Number.NaN) }, /the time to run at/],
  "a delay without end": [{ delay: Duration.infinity }, /the delay/],
  "a time to expire in without end": [{ expiresIn: Duration.infinity }, /the time to expire in/],
  "a time to expire at that is none": [{ expiresAt: new Date(Number.NaN) }, /the time to expire at/]
}

const Anything = Job.make("anything", { payload: Schema.Unknown })

const refuse = (): never => {
  throw new Error("no")
}

const unreadable: Record<string, readonly [payload: unknown, issue: string]> = {
  ...(DeepJson.isWritten ? {} : {
    "that is nested too deeply": [DeepJson.value, "it is nested too deeply"] as const
  }),
  "with a getter that throws": [
    { nested: Object.defineProperty({}, "a", { get: refuse, enumerable: true }) },
    "it cannot be read: Error: no"
  ],
  "that is a proxy and refuses": [
    new Proxy({}, { ownKeys: refuse, getPrototypeOf: refuse }),
    "it cannot be read: Error: no"
  ]
}

layer(producer, options)("enqueuing refuses", (it) => {
  for (const [what, [job, issue]] of Object.entries(invalid)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const error = yield* enqueue(Greet, { to: "you" }, job).pipe(sendsNothing, Effect.flip)

        assert.strictEqual(error._tag, "JobInvalid")
        assert.match(error.message, issue)
      }))
  }

  it.effect("a payload that does not fit its schema", () =>
    Effect.gen(function*() {
      const error = yield* enqueue(Greet, { to: "" }).pipe(sendsNothing, Effect.flip)

      assert.strictEqual(error._tag, "PayloadInvalid")
      assert.match(error.message, /does not fit "greet".*length/s)
    }))

  for (const [what, [payload, issue]] of Object.entries(unreadable)) {
    it.effect(`a payload ${what}, alone and among others`, () =>
      Effect.gen(function*() {
        const error = yield* enqueue(Anything, payload).pipe(sendsNothing, Effect.flip)
        const jobs = [{ payload: 1 }, { payload }]
        const among = yield* enqueueAll(Anything, jobs).pipe(sendsNothing, Effect.flip)

        assert.strictEqual(error._tag, "PayloadInvalid")
        assert.include(error.message, `the payload does not fit "anything": ${issue}`)
        assert.deepStrictEqual(among, error)
      }))
  }

  for (const text of ["a\0b", "half \uD800 a pair"]) {
    it.effect(`a payload that PostgreSQL cannot store: ${JSON.stringify(text)}`, () =>
      Effect.gen(function*() {
        const error = yield* enqueue(Greet, { to: text }).pipe(sendsNothing, Effect.flip)

        assert.strictEqual(error._tag, "JobInvalid")
      }))
  }

  it.effect("a payload of more than a megabyte", () =>
    Effect.gen(function*() {
      const error = yield* enqueue(Greet, { to: "x".repeat(2 ** 20) }).pipe(
        sendsNothing,
        Effect.flip
      )

      assert.match(error.message, /the payload has \d+ bytes; at most 1048576 fit/)
    }))

  it.effect("a whole batch for one of its jobs", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const jobs = [{ to: "you" }, { to: "" }, { to: "me" }].map((payload) => ({ payload, queue }))

      const error = yield* Effect.flip(enqueueAll(Greet, jobs))

      assert.strictEqual(error._tag, "PayloadInvalid")
      assert.lengthOf(yield* unfinished(queue), 0)
    }))
})
