/**
 * Watches jobs after checking what was asked.
 */
import { Effect, Option, type Schema, Stream } from "effect"
import * as CancelInput from "../domain/CancelInput.ts"
import { type JobInvalid, type StoreError, WrongKind } from "../domain/Errors.ts"
import { type AwaitInTransaction, JobUnknown } from "../domain/JobEnd.ts"
import type { JobKind } from "../domain/JobKind.ts"
import { isOver, type JobView, type SeenJob } from "../domain/JobView.ts"
import { AwaitWouldBlock, waitsFor } from "../domain/OwnJob.ts"
import { JobControl } from "./JobControl.ts"
import { OwnJobs } from "./OwnJobs.ts"

/** The ways in which watching a job fails. */
export type ObserveError =
  | AwaitInTransaction
  | AwaitWouldBlock
  | JobInvalid
  | JobUnknown
  | StoreError
  | WrongKind

/**
 * A job as it looks now, then each time that it has changed, until it has ended: whether it waits
 * or runs, or how it ended, and how far its run has come. It comes up to a second late, and of
 * several changes in between the last one comes.
 *
 * All that watch jobs in a process share one look a second, and no look is made while nobody
 * watches. The stream fails as `JobUnknown` if there is neither a job nor a history of it, as
 * `WrongKind` if the job is of another kind, and in an open transaction as `AwaitInTransaction`. In
 * a handler whose job has the same queue and key it fails as `AwaitWouldBlock` after the first
 * view.
 *
 * @example
 * ```ts
 * import { Effect, Stream } from "effect"
 * import { enqueue, Job } from "pgq"
 *
 * const Render = Job.make("render")
 *
 * export const watching = Effect.gen(function*() {
 *   const id = yield* enqueue(Render)
 *   yield* Job.observe(Render, id).pipe(
 *     Stream.runForEach(({ progress, state }) =>
 *       Effect.logInfo(`${state}, ${100 * (progress?.fraction ?? 0)} %`)
 *     )
 *   )
 * })
 * ```
 */
export const observe = (
  kind: JobKind<string, Schema.Top>,
  id: bigint
): Stream.Stream<JobView, ObserveError, JobControl> =>
  Stream.paginate<SeenJob | undefined, JobView, ObserveError, JobControl>(
    undefined,
    Effect.fnUntraced(function*(last) {
      yield* Effect.fromResult(CancelInput.ofJobs([id], {}))
      const lane = last?.lane
      if (lane !== undefined && waitsFor({ ...lane, id }, yield* OwnJobs)) {
        return yield* new AwaitWouldBlock({ id, key: lane.key })
      }
      const seen = yield* JobControl.use((control) => control.seen(id, last))
      const { name, progress, state } = seen
      if (state === "unknown") return yield* new JobUnknown({ id })
      if (name !== undefined && name !== kind.name) return yield* new WrongKind({ id, name })
      const view: JobView = { state, progress }
      return [[view], isOver(view) ? Option.none() : Option.some(seen)] as const
    })
  )
