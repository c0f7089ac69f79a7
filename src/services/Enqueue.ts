/**
 * The producer's front door: jobs checked against their kind before anything is sent.
 */
import { Effect, Schema } from "effect"
import { type JobInvalid, PayloadInvalid, type StoreError } from "../domain/Errors.ts"
import { type EnqueueOptions, newJob } from "../domain/Job.ts"
import type { JobKind } from "../domain/JobKind.ts"
import { JobRepo } from "./JobRepo.ts"

/**
 * Adds one job and answers with its id. Joins the transaction it is called in; outside of one, many
 * concurrent calls become one statement, and an answer that is lost with the connection is asked for
 * again for half a minute. After that, `StoreError.isUnknown` says that the job may have been added.
 */
export const enqueue = <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  payload: Payload["Type"],
  options?: EnqueueOptions
): Enqueued<bigint, Payload> =>
  Effect.map(enqueueAll(kind, [{ payload, ...options }]), (ids) => ids[0]!)

/** Adds many jobs of one kind, all or none, and answers with their ids in the order given. */
export const enqueueAll = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  jobs: ReadonlyArray<EnqueueOptions & { readonly payload: Payload["Type"] }>
) {
  const repo = yield* JobRepo
  const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(kind.payload))
  const checked = yield* Effect.forEach(jobs, ({ payload, ...options }) =>
    encode(payload).pipe(
      Effect.mapError((issue) => new PayloadInvalid({ name: kind.name, issue: issue.message })),
      Effect.flatMap((json) =>
        Effect.fromResult(newJob(kind.name, JSON.stringify(json) ?? "null", options))
      )
    ))
  return yield* repo.enqueue(checked)
})

/** What enqueuing takes and may fail with. */
export type Enqueued<A, Payload extends Schema.Top> = Effect.Effect<
  A,
  JobInvalid | PayloadInvalid | StoreError,
  JobRepo | Payload["EncodingServices"]
>
