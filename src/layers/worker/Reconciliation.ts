/**
 * Compares the leases of a worker with those in the store. Jobs under a lease that only the store
 * knows go back to their queue; runs under a lease that only the worker knows are interrupted.
 */
import { Effect } from "effect"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as EventLog from "../effects/EventLog.ts"
import type { JobRunner } from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import * as LostRuns from "./LostRuns.ts"
import type { Settler } from "./Settler.ts"

export const make = Effect.fnUntraced(function*({ queues, runs, settler, worker }: {
  readonly worker: string
  readonly queues: ReadonlyArray<string>
  readonly runs: JobRunner
  readonly settler: Settler
}) {
  const registry = yield* WorkerRegistry
  /** How many of the next claims begin with a reconciliation. */
  let reconcilesDue = 0

  // A job that is leased but unknown to the worker goes back: the answer to its claim was lost, or
  // a settlement was too late or sent twice.
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
    yield* LostRuns.say(runs.lose((run) => gone.includes(run.lease)))
  })

  return {
    /** Must not overlap a claim in flight. */
    reconcile,

    /** Called before each claim. */
    reconcileIfDue: Effect.gen(function*() {
      if (reconcilesDue === 0) return
      yield* reconcile
      reconcilesDue--
    }),

    /** Makes at least this many of the next claims begin with a reconciliation. */
    makeDue: (rounds: number): void => {
      reconcilesDue = Math.max(reconcilesDue, rounds)
    }
  }
})
