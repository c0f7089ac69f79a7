/**
 * Edits a job after checking the changes against its kind.
 */
import { Effect, type Schema } from "effect"
import { EditAnswer, type FoundJob, type JobChange } from "../domain/ByHand.ts"
import * as ByHandInput from "../domain/ByHandInput.ts"
import {
  type JobInvalid,
  type PayloadInvalid,
  type StoreError,
  WrongKind
} from "../domain/Errors.ts"
import type { JobKind } from "../domain/JobKind.ts"
import { JobControl } from "./JobControl.ts"
import * as PayloadCodec from "./PayloadCodec.ts"

/** The new values of a job of a kind. A field that is left out stays as it is. */
export interface Changes<Payload> extends ByHandInput.Values {
  readonly payload?: Payload | undefined
}

/**
 * Changes a job that is not leased, and answers what came of it.
 *
 * A new payload is checked with the kind's schema before anything is sent. A `runAt` in the past,
 * or a `delay` of 0, starts the job at once; a later time delays it, and its lane goes on, unless
 * the job waits for its next attempt and holds the lane. The queue, name and key of a job stay: to
 * change these, cancel the job and enqueue another.
 *
 * The changes may be a function of the payload. It is called again if the payload has changed
 * meanwhile, so no change of another program is lost; it must only compute. The answer is `Changed`
 * if that happened a hundred times.
 *
 * Fails as `PayloadInvalid` or `JobInvalid` before anything is changed, as `WrongKind` if the job
 * is of another kind, and as `StoreError`. Joins the transaction it is called in.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Email = Job.make("email", {
 *   payload: Schema.Struct({ to: Schema.String, subject: Schema.String })
 * })
 *
 * export const program = Effect.gen(function*() {
 *   const id = yield* enqueue(Email, { to: "a@b.c", subject: "Hello" }, { delay: "1 hour" })
 *   yield* Job.edit(Email, id, { priority: 10, delay: "5 minutes" })
 *   const answer = yield* Job.edit(Email, id, (now) => ({ payload: { ...now, subject: "New" } }))
 *   if (answer._tag !== "Edited") yield* Effect.logWarning(`not edited: ${answer._tag}`)
 * })
 * ```
 */
export const edit: <Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  id: bigint,
  changes:
    | Changes<Payload["Type"]>
    | ((payload: Payload["Type"]) => Changes<Payload["Type"]>)
) => Effect.Effect<
  EditAnswer,
  JobInvalid | PayloadInvalid | StoreError | WrongKind,
  JobControl | Payload["DecodingServices"] | Payload["EncodingServices"]
> = (kind, id, changes) =>
  typeof changes === "function" ? editBy(kind, id, changes) : editTo(kind, id, changes)

const editTo = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  id: bigint,
  changes: Changes<Payload["Type"]>
) {
  const change = yield* checked(kind, id, changes)
  return yield* untilUnchanged(onFound(kind, id, () => Effect.succeed(change)))
})

const editBy = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  id: bigint,
  changesOf: (payload: Payload["Type"]) => Changes<Payload["Type"]>
) {
  yield* Effect.fromResult(ByHandInput.ofJobs([id]))
  const decode = PayloadCodec.decoder(kind)
  const changeOf = Effect.fnUntraced(function*({ payload }: FoundJob) {
    const changes = changesOf(yield* decode(JSON.parse(payload)))
    return { ...yield* checked(kind, id, changes), expected: payload }
  })
  return yield* untilUnchanged(onFound(kind, id, changeOf))
})

/** Each try that is in vain is the success of another edit. */
const untilUnchanged = <E, R>(edit: Effect.Effect<EditAnswer, E, R>) =>
  Effect.repeat(edit, { while: ({ _tag }) => _tag === "Changed", times: 99 })

const checked = Effect.fnUntraced(function*<Payload extends Schema.Top>(
  kind: JobKind<string, Payload>,
  id: bigint,
  { payload, ...values }: Changes<Payload["Type"]>
) {
  const text = payload === undefined ? undefined : yield* PayloadCodec.encoder(kind)(payload)
  return yield* Effect.fromResult(ByHandInput.ofEdit(id, { ...values, payload: text }))
})

/** Edits a job of this kind that has not ended. A job keeps its kind for as long as it lives. */
const onFound = Effect.fnUntraced(function*<E, R>(
  kind: { readonly name: string },
  id: bigint,
  changeOf: (job: FoundJob) => Effect.Effect<JobChange, E, R>
) {
  const control = yield* JobControl
  const job = yield* control.find(id)
  if (job === undefined) return yield* ended(control, id)
  if (job.name !== kind.name) return yield* new WrongKind({ id, name: job.name })
  return yield* control.edit(id, yield* changeOf(job))
})

const ended = (control: JobControl["Service"], id: bigint) =>
  Effect.map(control.outcomeOf(id), (outcome) =>
    outcome === "unknown"
      ? EditAnswer.Unknown()
      : outcome === "unfinished"
      // It was queued again since the look.
      ? EditAnswer.Changed()
      : EditAnswer.Finished({ outcome }))
