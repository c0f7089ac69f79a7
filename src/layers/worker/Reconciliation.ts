/**
 * Has one worker and the store agree on its leases. Jobs under a lease that only the store knows of
 * go back to their queue; runs under a lease that only the worker knows of are broken off.
 */
import { Effect } from "effect"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import type { Settler } from "./Settler.ts"

export const make = Effect.fnUntraced(function*({ queues, runs, settler, worker }: {
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  readonly runs: JobRunner
  readonly settler: Settler
}) {
  const registry = yield* WorkerRegistry
  /** How many more rounds begin with a look for leases whose claim was never answered. */
  let reconcilesDue = 0

  // A job that is leased but unknown here is handed back: the answer to its claim was lost, or a
  // settlement of its lease came too late, or twice.
  const reconcile = Effect.gen(function*() {
    const { gone, released } = yield* registry.reconcile(worker, [
      ...runs.leases(),
      ...settler.leases()
    ])
    if (released > 0) {
      const jobs = LogFields.count({ length: released })
      yield* EventLog.warning("lease.reconciled", {
        text: `gave back ${jobs} of a claim whose answer was lost`,
        fields: { queues, count: released }
      })
    }
    const lost = runs.lose((run) => gone.includes(run.lease))
    if (lost.length > 0) {
      yield* EventLog.warning("lease.lost", {
        text: `interrupted ${LogFields.wordsFor(lost)}: no longer leased to this worker`,
        fields: LogFields.ofJobs(lost)
      })
    }
  })

  return {
    /** Never to be called beside a claim in flight. */
    reconcile,

    /** Each round of claims begins with this. */
    reconcileIfDue: Effect.gen(function*() {
      if (reconcilesDue === 0) return
      yield* reconcile
      reconcilesDue--
    }),

    /** Has at least so many more rounds begin with it. */
    makeDue: (rounds: number): void => {
      reconcilesDue = Math.max(reconcilesDue, rounds)
    }
  }
})
