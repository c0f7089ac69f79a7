/**
 * The steps of operators, and jobs for them in each state.
 */
import { Duration, Effect } from "effect"
import type { JobChange } from "../../../src/domain/ByHand.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { claim, settle, workerOf } from "../../Given.ts"
import { cancel, failed, type Services, undone } from "./Cancelling.ts"

export const retry = (...ids: ReadonlyArray<bigint>) =>
  Effect.map(
    JobControl.use((control) => control.retry(ids)),
    (answers) => answers.map(({ _tag }) => _tag)
  )

export const discard = (...ids: ReadonlyArray<bigint>) =>
  JobControl.use((control) => control.discard(ids))

export const edit = (id: bigint, change: JobChange) =>
  JobControl.use((control) => control.edit(id, change))

export const find = (id: bigint) => JobControl.use((control) => control.find(id))

/** Ends what has expired. */
export const expire = Scheduler.use((scheduler) => scheduler.expire)

/** Claims what is ready, and settles it. */
export const run = Effect.fnUntraced(function*(queue: string, settlement: Settlement) {
  const jobs = yield* claim({ queue, worker: yield* workerOf(queue) })
  yield* settle(jobs, settlement)
  return jobs
})

/** The worker of a queue's jobs dies three times. */
export const crash = Effect.fnUntraced(function*(queue: string) {
  for (let n = 0; n < 3; n++) {
    const dead = yield* workerOf(queue)
    yield* claim({ queue, worker: dead })
    yield* WorkerRegistry.use((registry) => registry.reportDead(dead))
  }
})

/** The ways in which a job that is ready can end, but for its completion. */
export const ends: ReadonlyArray<
  readonly [
    outcome: "failed" | "crashed" | "cancelled" | "expired" | "discarded",
    end: (queue: string, id: bigint) => Effect.Effect<unknown, unknown, Services>
  ]
> = [
  ["failed", (queue) => run(queue, failed)],
  ["crashed", crash],
  ["cancelled", (_, id) => cancel(id)],
  ["expired", (_, id) => Effect.andThen(edit(id, { expiry: { at: new Date(0) } }), expire)],
  ["discarded", (_, id) => discard(id)]
]

/** Settlements after which a job waits for a time, or blocks its lane. */
export const delays = undone.filter(([, { _tag, ...settlement }]) =>
  _tag !== "Released" && !("delay" in settlement && Duration.isZero(settlement.delay))
)

export const blocked = Settlement.Failed({ error: "no", blocksLane: true })
