/**
 * Runs the jobs of a test's queue, one after the other.
 */
import { Duration, Effect, Exit, type Schema } from "effect"
import type { ClaimLost, SettingInvalid, StoreError } from "../../domain/Errors.ts"
import type { JobKind } from "../../domain/JobKind.ts"
import type { ClaimedJob } from "../../domain/JobRecord.ts"
import { type QueuedJob, textOf } from "../../domain/QueuedJob.ts"
import type { Settlement } from "../../domain/Settlement.ts"
import { ChainEndless, JobMissing, RunFailed } from "../../domain/TestErrors.ts"
import * as Jobs from "./Jobs.ts"
import { type Kit, kit, type TestQueue } from "./Kit.ts"
import { type TestWorker, withWorker } from "./TestWorker.ts"

/** A run of a job, from its claim to its settlement. */
export interface Run {
  /** The job as it was claimed. Its payload is JSON. */
  readonly job: QueuedJob<unknown>
  /** The exit of its handler. */
  readonly exit: Exit.Exit<unknown, unknown>
  /** The end of the run as it was recorded. */
  readonly settlement: Settlement
  /** The jobs that were enqueued during the run, and are still queued. */
  readonly enqueued: ReadonlyArray<QueuedJob<unknown>>
}

/** The options of `TestQueue.drain`. */
export interface DrainOptions {
  /** Defaults to all queues. */
  readonly queues?: ReadonlyArray<string> | undefined
  /** Ends after so many runs. Defaults to no limit. */
  readonly limit?: number | undefined
  /**
   * With "throw", draining fails as `RunFailed` at the first run that is tried again, fails for
   * good, or has no handler. With "record", such a run is one of those answered. Defaults to
   * "throw".
   */
  readonly onFailure?: "throw" | "record" | undefined
}

/** The errors of the functions that run jobs. */
export type RunErrors = ClaimLost | SettingInvalid | StoreError

/**
 * Runs all jobs that can run now, and those that they enqueue, until none is ready. One job runs
 * after the other, the most urgent one first, then the smallest id. A job that is for later does
 * not run. Answers the runs in their order.
 *
 * Fails as `RunFailed` if a run fails, unless `onFailure` is "record". A chain of more than 10,000
 * jobs, each of which has enqueued the next or itself, fails as `ChainEndless`.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = TestQueue.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.logInfo("tick")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   for (const { job, settlement } of yield* TestQueue.drain()) {
 *     yield* Effect.logInfo(job.name, settlement._tag)
 *   }
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const drain = (options: DrainOptions = {}): Effect.Effect<
  ReadonlyArray<Run>,
  ChainEndless | RunFailed | RunErrors,
  TestQueue
> =>
  Effect.flatMap(
    kit,
    (kit) => withWorker(kit, (worker) => drainWith({ kit, worker, chains: new Chains() }, options))
  )

/**
 * Drains, goes on to the time at which the next job comes due, and so on, for `time` in all.
 * Answers the runs in their order. Fails as `drain` does.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TestQueue } from "pgq/testing"
 *
 * export const program = Effect.gen(function*() {
 *   const runs = yield* TestQueue.drainUntil("3 days", { onFailure: "record" })
 *   yield* Effect.logInfo(`${runs.length} runs in three days`)
 * }).pipe(Effect.provide(TestQueue.layer()))
 * ```
 */
export const drainUntil = (time: Duration.Input, options: DrainOptions = {}): Effect.Effect<
  ReadonlyArray<Run>,
  ChainEndless | RunFailed | RunErrors,
  TestQueue
> =>
  Effect.flatMap(
    kit,
    (kit) =>
      withWorker(kit, (worker) => untilTime({ kit, worker, chains: new Chains() }, time, options))
  )

/**
 * Runs the next job that is ready, or the next one of a kind. Answers its run, whether it fails or
 * not. Fails as `JobMissing` if none is ready.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = TestQueue.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => Effect.fail("not yet")))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick)
 *   const { settlement } = yield* TestQueue.runOne(Tick)
 *   yield* Effect.logInfo(settlement._tag)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const runOne = (kind?: JobKind<string, Schema.Top>): Effect.Effect<
  Run,
  JobMissing | RunErrors,
  TestQueue
> =>
  Effect.flatMap(kit, (kit) =>
    withWorker(kit, (worker) =>
      Effect.flatMap(
        claimThe(kit, worker, {
          wanted: kind === undefined ? "no job is ready" : `no job of "${kind.name}" is ready`,
          isMeant: ({ name }) => kind === undefined || name === kind.name
        }),
        (job) => runClaimed({ kit, worker }, job)
      )))

/** Claims the first ready job that is meant; the others go back before it runs. */
export const claimThe = Effect.fnUntraced(function*(
  kit: Kit,
  worker: TestWorker,
  { isMeant, wanted }: {
    readonly isMeant: (job: ClaimedJob) => boolean
    /** The message if no such job is ready. */
    readonly wanted: string
  }
): Effect.fn.Return<ClaimedJob, JobMissing | StoreError> {
  const others: Array<ClaimedJob> = []
  let job = yield* worker.claim()
  for (; job !== undefined && !isMeant(job); job = yield* worker.claim()) others.push(job)
  if (others.length > 0) yield* worker.release(others)
  if (job !== undefined) return job
  const found = yield* Jobs.behind(0n)(kit)
  return yield* new JobMissing({ wanted, found: found.map(textOf) })
})

interface Draining {
  readonly kit: Kit
  readonly worker: TestWorker
  readonly chains: Chains
}

const drainWith = Effect.fnUntraced(function*(
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

const runClaimed = Effect.fnUntraced(function*(
  { kit, worker }: Pick<Draining, "kit" | "worker">,
  job: ClaimedJob
): Effect.fn.Return<Run, RunErrors> {
  const last = yield* kit.queued.lastId
  const { ended, exit } = yield* worker.run(job)
  const enqueued = yield* Jobs.behind(last)(kit)
  const settlement = yield* worker.settle(ended)
  return { job: Jobs.ofClaimed(job), exit, settlement, enqueued }
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

const untilTime = Effect.fnUntraced(function*(
  draining: Draining,
  time: Duration.Input,
  options: DrainOptions
): Effect.fn.Return<ReadonlyArray<Run>, ChainEndless | RunFailed | RunErrors> {
  const { kit } = draining
  const { limit = Infinity } = options
  const runs: Array<Run> = []
  let left = Duration.fromInputUnsafe(time)
  while (true) {
    runs.push(...yield* drainWith(draining, { ...options, limit: limit - runs.length }))
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
