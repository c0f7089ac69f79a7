/**
 * Runs one job after the other until none is ready, or until a time is over.
 */
import { Duration, Effect, Exit } from "effect"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { ChainEndless, RunFailed } from "../../domain/TestErrors.ts"
import * as Attempt from "./Attempt.ts"
import * as Jobs from "./Jobs.ts"
import { type Kit, timeOf } from "./Kit.ts"
import type { DrainOptions, Run, RunErrors } from "./Runs.ts"
import type { TestWorker } from "./TestWorker.ts"

/** A worker, and the chains of the jobs that it has run. */
interface Draining {
  readonly kit: Kit
  readonly worker: TestWorker
  readonly chains: Chains
}

export const untilEmpty = Effect.fnUntraced(function*(
  draining: Draining,
  { limit = Infinity, onFailure, queues }: DrainOptions
): Effect.fn.Return<ReadonlyArray<Run>, ChainEndless | RunFailed | RunErrors> {
  const { chains, worker } = draining
  const runs: Array<Run> = []
  while (runs.length < limit) {
    const job = yield* worker.claim(queues)
    if (job === undefined) return runs
    const run = yield* runClaimed(draining, job)
    runs.push(run)
    if (onFailure !== "record") yield* refuseFailed(run)
    if (chains.add(run) > chainMax) {
      const names = runs.slice(-10).map(({ job: { name } }) => name)
      return yield* new ChainEndless({ length: chainMax, names })
    }
  }
  return runs
})

export const of = (kit: Kit, worker: TestWorker): Draining => ({
  kit,
  worker,
  chains: new Chains()
})

/** Runs a claimed job, and records its end. */
export const runClaimed = Effect.fnUntraced(function*(
  { kit, worker }: Pick<Draining, "kit" | "worker">,
  job: ClaimedJob
): Effect.fn.Return<Run, RunErrors> {
  const { ended, run } = yield* Attempt.make(kit, worker, job)
  return { ...run, settlement: yield* worker.settle(ended) }
})

const refuseFailed = ({ exit, job, settlement }: Run): Effect.Effect<void, RunFailed> => {
  const { _tag } = settlement
  return Exit.isFailure(exit) && (_tag === "Retried" || _tag === "Failed" || _tag === "Unhandled")
    ? Effect.fail(
      new RunFailed({
        id: job.id,
        name: job.name,
        attempt: job.attempt,
        settlement: _tag,
        cause: exit.cause
      })
    )
    : Effect.void
}

/** Goes on to the time at which the next job comes due, again and again, until `time` is over. */
export const untilTime = Effect.fnUntraced(function*(
  draining: Draining,
  time: Duration.Input,
  options: DrainOptions
): Effect.fn.Return<ReadonlyArray<Run>, ChainEndless | RunFailed | RunErrors> {
  const { kit } = draining
  const { limit = Infinity } = options
  const runs: Array<Run> = []
  let left = yield* timeOf(time)
  while (true) {
    runs.push(...yield* untilEmpty(draining, { ...options, limit: limit - runs.length }))
    if (runs.length >= limit) return runs
    const delays = (yield* Jobs.behind(0n)(kit))
      .filter(({ queue }) => options.queues === undefined || options.queues.includes(queue))
      .flatMap(({ delay }) => Duration.isPositive(delay) ? Duration.toMillis(delay) : [])
    const next = Duration.millis(Math.ceil(Math.min(...delays)))
    if (Duration.isGreaterThan(next, left)) {
      yield* kit.travel(left)
      return runs
    }
    yield* kit.travel(next)
    left = Duration.subtract(left, next)
  }
})

/** How many jobs led to each job, one by the other. A job that goes back leads to itself. */
class Chains {
  readonly #lengths = new Map<bigint, number>()

  /** Answers the length of the chain that the run has ended. */
  add({ enqueued, job, settlement }: Run): number {
    const length = (this.#lengths.get(job.id) ?? 0) + 1
    for (const { id } of enqueued) this.#lengths.set(id, length)
    if (settlement._tag === "Completed") this.#lengths.delete(job.id)
    else this.#lengths.set(job.id, length)
    return length
  }
}

const chainMax = 10_000
