/**
 * The store as a worker sees it: each answer and each error is counted, and the watch of the claim
 * loop knows when the loop waits for an answer.
 */
import { Effect } from "effect"
import * as ErrorClass from "../../domain/ErrorClass.ts"
import type { StoreError } from "../../domain/Errors.ts"
import type { StepFigures } from "../../domain/Figures.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import type { LoopWatch } from "./LoopWatch.ts"
import type { Tallies } from "./Tallies.ts"

interface Parts {
  readonly tallies: Tallies
  readonly watch: LoopWatch
  readonly now: () => number
}

/** Effects that use the store are counted. */
export const measured = (parts: Parts) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  effect.pipe(
    Effect.provideServiceEffect(JobRepo, Effect.map(JobRepo, repoOf(parts))),
    Effect.provideServiceEffect(WorkerRegistry, Effect.map(WorkerRegistry, registryOf(parts)))
  )

const repoOf = (parts: Parts) => (repo: JobRepo["Service"]): JobRepo["Service"] => {
  const { watch } = parts
  const counted = counting(parts)
  return {
    ...repo,
    claim: (options) =>
      Effect.tap(watch.asking(counted("claim", repo.claim(options))), () =>
        Effect.sync(() => {
          watch.hasClaimed = true
        })),
    settle: (settled, options) => counted("settle", repo.settle(settled, options)),
    hasUnstarted: (queues) => watch.asking(repo.hasUnstarted(queues))
  }
}

const registryOf =
  (parts: Parts) => (registry: WorkerRegistry["Service"]): WorkerRegistry["Service"] => {
    const { watch } = parts
    const counted = counting(parts)
    return {
      ...registry,
      join: (worker) => watch.asking(registry.join(worker)),
      renew: (id, state) => counted("renew", registry.renew(id, state)),
      pauses: (queues) => watch.asking(registry.pauses(queues)),
      reconcile: (id, leases) => watch.asking(registry.reconcile(id, leases))
    }
  }

const counting =
  ({ now, tallies, watch }: Parts) =>
  <A>(step: StepFigures["step"], asked: Effect.Effect<A, StoreError>) =>
    Effect.suspend(() => {
      const since = now()
      return asked.pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            watch.answered()
            tallies.asked(step, now() - since, undefined)
          })
        ),
        Effect.tapError((error) =>
          Effect.sync(() => tallies.asked(step, now() - since, ErrorClass.of(error)))
        )
      )
    })
