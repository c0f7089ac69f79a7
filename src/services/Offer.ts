/**
 * Adds unique jobs, and says what became of them.
 */
import { Effect, type Schema } from "effect"
import { DuplicateJob } from "../domain/Errors.ts"
import type { JobKind, NoPayload } from "../domain/JobKind.ts"
import type { EnqueueOptions } from "../domain/JobRecord.ts"
import type { Offered, OfferOutcome } from "../domain/Unique.ts"
import { check, type Enqueued, type JobToAdd } from "./Enqueue.ts"
import { JobRepo } from "./JobRepo.ts"
import * as Sending from "./Sending.ts"

/**
 * Adds one job as `enqueue` does, and says whether it was added or another one stands for it.
 *
 * "kept": the other job stays as it is. "replaced": it has the new payload, priority, start and
 * number of attempts, and no run of it counts. "merged": another call at the same time stands for
 * this one. The id is that of the other job; it may have ended if the kind says `within` or
 * `throttle`. A job that is not unique is always added. Fails as `enqueue` does.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job, offer } from "pgq"
 *
 * const Sync = Job.make("sync-user", {
 *   payload: Schema.Struct({ userId: Schema.String }),
 *   unique: { by: "userId", mode: "replace" }
 * })
 *
 * export const program = Effect.gen(function*() {
 *   const { id, outcome } = yield* offer(Sync, { userId: "u-7" })
 *   yield* Effect.logInfo(`job ${id} was ${outcome}`)
 * })
 * ```
 */
export function offer<Rejects extends boolean>(
  kind: JobKind<string, NoPayload, Rejects>,
  payload?: undefined,
  options?: EnqueueOptions
): Enqueued<Offered, NoPayload, Rejects>
export function offer<Payload extends Schema.Top, Rejects extends boolean>(
  kind: JobKind<string, Payload, Rejects>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<Offered, Payload, Rejects>
export function offer<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<Offered, Payload, true> {
  return Effect.flatMap(send(kind, [{ payload, ...options }]), (answers) => {
    const { id, outcome } = answers[0]!
    return outcome === "rejected"
      ? Effect.fail(new DuplicateJob({ name: kind.name, id }))
      : Effect.succeed({ id, outcome })
  })
}

/**
 * Adds many jobs of one kind as `offer` does, and answers for each in the order given. A job that
 * another one is the same as, and that its kind rejects, is "rejected"; the others are added all
 * the same. Fails as `enqueue` does, and then adds none.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job, offerAll } from "pgq"
 *
 * const Sync = Job.make("sync-user", {
 *   payload: Schema.Struct({ userId: Schema.String }),
 *   unique: { by: "userId" }
 * })
 *
 * export const program = Effect.flatMap(
 *   offerAll(Sync, [{ payload: { userId: "u-7" } }, { payload: { userId: "u-8" }, priority: 5 }]),
 *   (answers) => Effect.logInfo(answers.map(({ outcome }) => outcome).join())
 * )
 * ```
 */
export function offerAll(
  kind: JobKind<string, NoPayload>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload?: undefined }>
): Enqueued<ReadonlyArray<Offered<OfferOutcome | "rejected">>, NoPayload>
export function offerAll<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload: Payload["Type"] }>
): Enqueued<ReadonlyArray<Offered<OfferOutcome | "rejected">>, Payload>
export function offerAll<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<JobToAdd<Payload["Type"]>>
): Enqueued<ReadonlyArray<Offered<OfferOutcome | "rejected">>, Payload> {
  return send(kind, jobs)
}

const send = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<JobToAdd<Payload["Type"]>>
) {
  const repo = yield* JobRepo
  const checked = yield* check(kind, jobs)
  if (checked.some(({ unique }) => unique !== undefined)) {
    return yield* Sending.offer(repo, checked)
  }
  const ids = yield* Sending.enqueue(repo, checked)
  return ids.map((id): Offered<OfferOutcome | "rejected"> => ({ id, outcome: "added" }))
})
