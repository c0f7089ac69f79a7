/**
 * Looks at the jobs that are queued.
 */
import { Effect, type Schema } from "effect"
import type { PayloadInvalid, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { JobKind } from "../../domain/JobKind.ts"
import type { QueuedJob } from "../../domain/QueuedJob.ts"
import * as Jobs from "./Jobs.ts"
import { kit } from "./Kit.ts"
import type { TestQueue } from "./TestQueue.ts"

/**
 * The jobs of a kind that are queued, with their payloads decoded: those that are ready, behind
 * their key, for later, or running; the most urgent ones first. Without a kind, all jobs, with
 * their payloads as JSON. Fails as `PayloadInvalid` if a payload does not fit the kind.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Greet, { name: "Ada" })
 *   const jobs = yield* TestQueue.enqueued(Greet)
 *   yield* Effect.logInfo(jobs.map(({ payload }) => payload.name).join())
 * }).pipe(Effect.provide(TestQueue.layer()))
 * ```
 */
export function enqueued(): Effect.Effect<
  ReadonlyArray<QueuedJob<unknown>>,
  SettingInvalid | StoreError,
  TestQueue
>
export function enqueued<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>
): Effect.Effect<
  ReadonlyArray<QueuedJob<Payload["Type"]>>,
  PayloadInvalid | SettingInvalid | StoreError,
  TestQueue | Payload["DecodingServices"]
>
export function enqueued<Payload extends Schema.Top>(
  kind?: JobKind<string, Payload>
): Effect.Effect<
  ReadonlyArray<QueuedJob<Payload["Type"]>>,
  PayloadInvalid | SettingInvalid | StoreError,
  TestQueue | Payload["DecodingServices"]
> {
  return Effect.flatMap(
    Effect.flatMap(kit, Jobs.behind(0n)),
    (jobs) =>
      kind === undefined
        ? Effect.succeed(jobs)
        : Effect.forEach(jobs.filter(({ name }) => name === kind.name), Jobs.decoded(kind))
  )
}

/**
 * Runs an effect, and answers its value together with the jobs that it has enqueued and that are
 * still queued. Their payloads are JSON.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   const [id, jobs] = yield* TestQueue.during(enqueue(Tick))
 *   yield* Effect.logInfo(`job ${id} is one of ${jobs.length}`)
 * }).pipe(Effect.provide(TestQueue.layer()))
 * ```
 */
export const during = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<
  readonly [value: A, jobs: ReadonlyArray<QueuedJob<unknown>>],
  E | SettingInvalid | StoreError,
  R | TestQueue
> =>
  Effect.flatMap(kit, (kit) =>
    Effect.gen(function*() {
      const last = yield* kit.queued.lastId
      const value = yield* effect
      return [value, yield* Jobs.behind(last)(kit)] as const
    }))
