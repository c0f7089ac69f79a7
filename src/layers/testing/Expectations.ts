/**
 * Expectations about the jobs that are queued.
 */
import { Effect, type Schema } from "effect"
import type { PayloadInvalid, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { JobKind } from "../../domain/JobKind.ts"
import * as JobMatch from "../../domain/JobMatch.ts"
import { type QueuedJob, textOf } from "../../domain/QueuedJob.ts"
import { JobMissing, JobUnexpected } from "../../domain/TestErrors.ts"
import * as Jobs from "./Jobs.ts"
import { kit, timeOf } from "./Kit.ts"
import type { TestQueue } from "./TestQueue.ts"

type Expectation<A, E, Payload extends Schema.Top> = Effect.Effect<
  A,
  E | PayloadInvalid | SettingInvalid | StoreError,
  TestQueue | Payload["DecodingServices"]
>

/**
 * Expects that a job of the kind is queued, with all that `expected` says, and answers it: the most
 * urgent one, if there are several. Fails as `JobMissing`, whose message lists the jobs that are
 * queued.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const SendEmail = Job.make("send-email", {
 *   payload: Schema.Struct({ to: Schema.String, subject: Schema.String })
 * })
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(SendEmail, { to: "ada@example.com", subject: "Hello" }, { delay: "5 minutes" })
 *   yield* TestQueue.assertEnqueued(SendEmail, {
 *     payload: { to: "ada@example.com" },
 *     within: "1 hour"
 *   })
 * }).pipe(Effect.provide(TestQueue.layer()))
 * ```
 */
export const assertEnqueued = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  expected: JobMatch.Expected<Payload["Type"]> = {}
): Expectation<QueuedJob<Payload["Type"]>, JobMissing, Payload> =>
  Effect.gen(function*() {
    const { others, ours } = yield* parted(kind, expected)
    const fitting = ours.find((job) => fits(job, expected))
    if (fitting !== undefined) return fitting
    return yield* new JobMissing({
      wanted: `${JobMatch.describe(kind.name, expected)} is not queued`,
      found: JobMatch.nearest(kind.name, expected, [...ours, ...others])
    })
  })

/**
 * Expects that no job of the kind is queued, or none with all that `expected` says. Fails as
 * `JobUnexpected`, whose message lists these jobs.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = TestQueue.refuteEnqueued(Tick, { key: "hourly" }).pipe(
 *   Effect.provide(TestQueue.layer())
 * )
 * ```
 */
export const refuteEnqueued = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  expected: JobMatch.Expected<Payload["Type"]> = {}
): Expectation<void, JobUnexpected, Payload> =>
  Effect.gen(function*() {
    const { ours } = yield* parted(kind, expected)
    const found = ours.filter((job) => fits(job, expected)).map(textOf)
    if (found.length === 0) return
    const unwanted = JobMatch.describe(kind.name, expected)
    return yield* new JobUnexpected({ unwanted, found })
  })

const fits = (job: QueuedJob<unknown>, expected: JobMatch.Expected<unknown>): boolean =>
  JobMatch.differences(job, expected).length === 0

/** The jobs of the kind, with their payloads decoded, and the others. */
const parted = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  { within = 0 }: JobMatch.Expected<unknown>
) =>
  Effect.gen(function*() {
    yield* timeOf(within)
    const jobs = yield* Jobs.behind(0n)(yield* kit)
    const ours = jobs.filter(({ name }) => name === kind.name)
    return {
      ours: yield* Effect.forEach(ours, Jobs.decoded(kind)),
      others: jobs.filter(({ name }) => name !== kind.name)
    }
  })
