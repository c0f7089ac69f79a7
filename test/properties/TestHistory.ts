/**
 * Histories of a test's queue: commands that a test could give, and all that it sees of them.
 */
import { Arbitrary, Duration, Effect, Exit, Layer, Schema } from "effect"
import * as OnError from "../../src/domain/OnError.ts"
import type { JobMissing } from "../../src/domain/TestErrors.ts"
import * as Job from "../../src/layers/job/Job.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import { offerAll } from "../../src/services/Offer.ts"

/** Small numbers choose among what there is when the command is given. */
export interface Command {
  readonly op: Operation
  readonly who: number
  readonly key: number
  readonly priority: number
}

const operations = [
  "add",
  "drain",
  "travel",
  "add later",
  "add",
  "drain some",
  "run one",
  "crash",
  "lose a lease",
  "cancel",
  "retry",
  "discard",
  "edit",
  "offer",
  "offer",
  "add to expire",
  "add"
] as const

type Operation = typeof operations[number]

const upTo = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

/** Up to `length` commands. */
export const ofLength = (length: number) =>
  Arbitrary.array(
    Arbitrary.map(
      Arbitrary.schema(
        Schema.Struct({
          op: upTo(operations.length - 1),
          who: upTo(15),
          key: upTo(3),
          priority: upTo(2)
        })
      ),
      ({ op, ...numbers }): Command => ({ op: operations[op]!, ...numbers })
    ),
    { minLength: 1, maxLength: length }
  )

const ends = ["Fails", "Snoozes", "Succeeds", "Cancels", "FailsForGood"] as const

class Failure extends Schema.TaggedError<Failure>()("Failure", {}) {}
class Busy extends Schema.TaggedError<Busy>()("Busy", {}) {}
class Unwanted extends Schema.TaggedError<Unwanted>()("Unwanted", {}) {}
class Hopeless extends Schema.TaggedError<Hopeless>()("Hopeless", {}) {}

/**
 * Time passes by whole hours, so no job comes due near the moment at which a command looks,
 * however long a database takes.
 */
const delay = Duration.minutes(90)

const errors = {
  payload: Schema.Struct({ n: Schema.Int, plan: Schema.Int }),
  error: Schema.Union([Failure, Busy, Unwanted, Hopeless]),
  onError: {
    Failure: OnError.retry({ backoff: () => delay }),
    Busy: OnError.snooze(delay),
    Unwanted: OnError.cancel,
    Hopeless: OnError.fail
  },
  maxAttempts: 3
} as const

const Going = Job.make("going", errors)
const Blocking = Job.make("blocking", { ...errors, onFail: "block", onRetry: "yield" })

/** Nothing of a unique job ends near a whole hour, however often it begins anew. */
const span = Duration.minutes(95)
const by = ({ plan }: typeof errors.payload.Type) => `u${plan % 2}`

const Keeping = Job.make("keeping", { ...errors, unique: { by, while: "queued" } })
const Replacing = Job.make("replacing", { ...errors, unique: { by, mode: "replace" } })
const Rejecting = Job.make("rejecting", { ...errors, unique: { by, mode: "reject", within: span } })
const Settling = Job.make("settling", {
  ...errors,
  debounce: { by, wait: span, maxWait: Duration.minutes(155) }
})
const Trailing = Job.make("trailing", { ...errors, throttle: { by, every: span, trailing: true } })
const unique = [Keeping, Replacing, Rejecting, Settling, Trailing] as const

/** Adds a job in its transaction, and then ends as it says. */
const Posting = Job.make("posting", { ...errors, transactional: { timeout: "1 minute" } })

export const jobs = [Going, Blocking, Posting, ...unique] as const

/** How often each job has run. */
const runs = new Map<number, number>()

/** The number of the last follow-up job, below those of all others. */
let followUp = 0

const run = ({ n, plan }: typeof Going.payload.Type) => {
  const count = runs.get(n) ?? 0
  runs.set(n, count + 1)
  switch (ends[(plan + count) % ends.length]) {
    case "Fails":
      return new Failure()
    case "Snoozes":
      return new Busy()
    case "Cancels":
      return new Unwanted()
    case "FailsForGood":
      return new Hopeless()
  }
  return Effect.void
}

const post = Effect.fnUntraced(function*(payload: typeof Posting.payload.Type) {
  const n = --followUp
  const options = { key: laneOf(payload.plan % 4), priority: n }
  yield* Effect.orDie(enqueue(Going, { n, plan: payload.plan }, options))
  yield* run(payload)
})

export const handlers = Layer.mergeAll(
  Going.toLayer(run),
  Blocking.toLayer(run),
  Posting.toLayer(post),
  Keeping.toLayer(run),
  Replacing.toLayer(run),
  Rejecting.toLayer(run),
  Settling.toLayer(run),
  Trailing.toLayer(run)
)

/** Follows the commands on the queue that is provided. Answers all that a test sees. */
export const follow = Effect.fnUntraced(function*(commands: ReadonlyArray<Command>) {
  const control = yield* JobControl
  yield* control.cancel((yield* TestQueue.enqueued()).map(({ id }) => id))
  runs.clear()
  followUp = 0
  const ids: Array<bigint> = []
  const seen: Array<string> = []
  let nthOffer = 0

  const step = Effect.fnUntraced(function*({ key, op, priority, who }: Command) {
    const kind = who % 3 === 0 ? Blocking : who % 3 === 1 ? Posting : Going
    const nth = who % Math.max(ids.length, 1)
    const id = ids[nth] ?? 0n
    switch (op) {
      case "offer": {
        const offered = unique[(who + key) % unique.length]!
        const n = ofOffers + nthOffer++
        const options = { priority: urgencyOf(n, priority), key: laneOf(key), expiresIn }
        const [answer] = yield* offerAll(offered, [{ ...options, payload: { n, plan: who } }])
        if (answer!.outcome === "added") ids.push(answer!.id)
        return [`${answer!.outcome} ${ids.indexOf(answer!.id)}`]
      }
      case "add":
      case "add to expire":
      case "add later": {
        const options = {
          priority: urgencyOf(ids.length, priority),
          key: laneOf(key),
          queue: who > 12 ? "other" : undefined,
          delay: op === "add later" ? delay : undefined,
          ...op === "add to expire" ? { expiresIn } : {}
        }
        ids.push(yield* enqueue(kind, { n: ids.length, plan: who }, options))
        return []
      }
      case "drain":
        return saw(yield* TestQueue.drain(record))
      case "drain some":
        return saw(yield* TestQueue.drain({ ...record, queues: ["default"], limit: who }))
      case "run one":
        return yield* orMissing(Effect.map(TestQueue.runOne(), (one) => saw([one])))
      case "crash":
        return yield* orMissing(
          Effect.map(TestQueue.crash({ during: kind }), (one) => saw([one]))
        )
      case "lose a lease":
        return yield* orMissing(Effect.gen(function*() {
          const late = yield* TestQueue.loseLease(id)
          return [...saw([late]), `lost ${(yield* late.settle).length}`]
        }))
      case "travel":
        yield* TestQueue.travel("1 hour")
        return []
      case "cancel":
        return (yield* control.cancel([id])).map(({ _tag }) => _tag)
      case "retry":
        return (yield* control.retry([id])).map(({ _tag }) => _tag)
      case "discard":
        return (yield* control.discard([id])).map(({ _tag }) => _tag)
      case "edit":
        return [(yield* control.edit(id, { priority: urgencyOf(nth, priority) }))._tag]
    }
  })

  for (const [nth, command] of commands.entries()) {
    for (const line of yield* step(command)) seen.push(`${nth} ${command.op}: ${line}`)
  }
  const queued = (yield* TestQueue.enqueued()).map((job) =>
    [label(job), job.queue, job.key, job.priority, job.attempt, wait(job.delay)].join(" ")
  )
  const outcomes = yield* Effect.forEach(ids, control.outcomeOf)
  return [
    ...seen,
    ...queued.map((line) => `queued: ${line}`),
    ...outcomes.map((outcome, nth) => `${nth}: ${outcome}`)
  ]
})

/**
 * No two jobs have the same priority: of those that come due at once, a database may make any one
 * ready first.
 */
const laneOf = (key: number): string | undefined => key === 0 ? undefined : `k${key}`

/** The numbers of the jobs that are offered begin behind those of the others. */
const ofOffers = 50
const expiresIn = Duration.minutes(90)

const urgencyOf = (n: number, priority: number): number => 100 * priority + n

const record = { onFailure: "record" } as const

const saw = (all: ReadonlyArray<TestQueue.UnsettledRun & { readonly settlement?: object }>) =>
  all.map(({ exit, job, settlement = {} }) =>
    [
      label(job),
      job.attempt,
      Exit.isSuccess(exit),
      "_tag" in settlement ? settlement._tag : "unsettled"
    ].join(" ")
  )

const orMissing = <E, R>(lines: Effect.Effect<ReadonlyArray<string>, E | JobMissing, R>) =>
  Effect.catchTag(lines, "JobMissing", () => Effect.succeed(["missing"]))

const label = ({ name, payload }: TestQueue.QueuedJob<unknown>): string =>
  typeof payload === "object" && payload !== null && "n" in payload ? `${name} ${payload.n}` : name

const wait = (delay: Duration.Duration): string =>
  Duration.isZero(delay) ? "due" : Duration.isFinite(delay) ? "later" : "blocked"
