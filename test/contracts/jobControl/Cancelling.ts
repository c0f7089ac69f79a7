/**
 * Jobs to cancel, and questions about those that were.
 */
import { Duration, Effect } from "effect"
import type { Cancellation } from "../../../src/domain/Cancellation.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import { JobAdmin } from "../../../src/services/JobAdmin.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import type { JobRepo } from "../../../src/services/JobRepo.ts"
import type { Notifier } from "../../../src/services/Notifier.ts"
import { Scheduler } from "../../../src/services/Scheduler.ts"
import { WorkerRegistry } from "../../../src/services/WorkerRegistry.ts"
import { runAll, workerOf } from "../../Given.ts"

export type Services = JobAdmin | JobControl | JobRepo | Notifier | Scheduler | WorkerRegistry

export const cancel = (
  ...ids: ReadonlyArray<bigint>
): Effect.Effect<ReadonlyArray<Cancellation>, unknown, JobControl> =>
  JobControl.use((control) => control.cancel(ids))

export const outcomeOf = (id: bigint) => JobControl.use((control) => control.outcomeOf(id))

export const requests = (worker: string) =>
  WorkerRegistry.use((registry) => registry.cancelRequests(worker))

export const hasCancels = (worker: string) =>
  Effect.map(
    WorkerRegistry.use((registry) => registry.renew(worker)),
    (renewal) => renewal.hasCancels
  )

/**
 * The counts of a queue that are not 0. A store may see only by a claim that the first job of a
 * lane is ready, so `unstarted` counts all that may start.
 */
export const countsOf = Effect.fnUntraced(function*(queue: string) {
  const counts = (yield* JobAdmin.use((admin) => admin.counts))
    .find((each) => each.queue === queue)
  const { queue: _, ready = 0, waiting = 0, ...others } = counts ?? { queue }
  return Object.fromEntries(
    Object.entries({ unstarted: ready + waiting, ...others }).filter(([, count]) => count > 0)
  )
})

/** Makes due jobs ready, and runs all that can run. Answers with their names. */
export const theRest = Effect.fnUntraced(function*(queue: string) {
  yield* Scheduler.use((scheduler) => scheduler.promote)
  return yield* runAll({ queue, worker: yield* workerOf(queue) })
})

const [delay, error] = [Duration.hours(1), "not yet"]

/** Settlements after which a job stays in its queue. */
export const undone: ReadonlyArray<readonly [end: string, Settlement]> = [
  ["is released", Settlement.Released()],
  ["is retried", Settlement.Retried({ delay, error, holdsLane: false })],
  ["is retried and holds its lane", Settlement.Retried({ delay, error, holdsLane: true })],
  ["is retried at once", Settlement.Retried({ delay: Duration.zero, error, holdsLane: true })],
  ["is snoozed", Settlement.Snoozed({ delay, error, holdsLane: false })],
  ["is snoozed and holds its lane", Settlement.Snoozed({ delay, error, holdsLane: true })],
  ["is unhandled", Settlement.Unhandled({ delay, error })],
  ["fails and blocks its lane", Settlement.Failed({ error, blocksLane: true })]
]

export const failed = Settlement.Failed({ error: "no", blocksLane: false })

/** Jobs of one lane, named by their places: k1, k2 and so on. */
export const lane = (length: number, key = "k") =>
  Array.from({ length }, (_, n) => ({ key, name: `${key}${n + 1}` }))
