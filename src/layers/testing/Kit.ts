/**
 * The parts of a test's queue, whatever it keeps its jobs in.
 */
import { Context, Duration, Effect, Layer, Option, Semaphore } from "effect"
import * as CooperativeMode from "../../domain/CooperativeMode.ts"
import { SettingInvalid, type StoreError } from "../../domain/Errors.ts"
import { delayMax } from "../../domain/JobRecord.ts"
import type { Handlers } from "../../services/Handlers.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"
import { QueuedJobs } from "../../services/QueuedJobs.ts"
import { RunReports } from "../../services/RunReports.ts"
import { Scheduler } from "../../services/Scheduler.ts"
import { Transactions } from "../../services/Transactions.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as Handler from "../job/Handler.ts"
import type { Kinds } from "../job/Jobs.ts"
import type { TestQueue } from "./TestQueue.ts"

export interface Kit {
  readonly handlers: Handlers["Service"]
  readonly repo: JobRepo["Service"]
  readonly queued: QueuedJobs["Service"]
  readonly scheduler: Scheduler["Service"]
  readonly registry: WorkerRegistry["Service"]
  readonly reports: RunReports["Service"]
  readonly transactions: Transactions["Service"]
  /** The cooperative mode of claims. */
  readonly mode: string
  /** One job runs at a time. */
  readonly turn: Semaphore.Semaphore
  readonly travel: (by: Duration.Duration) => Effect.Effect<void, SettingInvalid | StoreError>
}

const Key = Context.Service<TestQueue, Kit>("pgq/testing/TestQueue")

/** A layer of a test's queue, over the services of a store. */
export const layer = <const Some extends Kinds>(
  jobs: Some | undefined,
  travel: Kit["travel"]
) =>
  Layer.effect(
    Key,
    Effect.gen(function*() {
      const handlers = yield* handlersOf<Some>(jobs)
      return Key.of({
        handlers,
        travel,
        repo: yield* JobRepo,
        queued: yield* QueuedJobs,
        scheduler: yield* Scheduler,
        registry: yield* WorkerRegistry,
        reports: yield* RunReports,
        transactions: yield* Transactions,
        mode: CooperativeMode.format((yield* LockStrategy).mode),
        turn: yield* Semaphore.make(1)
      })
    })
  )

/** The handlers of these kinds; none without kinds. */
const handlersOf = <const Some extends Kinds>(
  jobs: Some | undefined
): Effect.Effect<Handlers["Service"], SettingInvalid, Handler.HandlersOf<Some>> =>
  jobs === undefined ? Effect.succeed({ find: () => undefined, names: [] }) : Handler.of<Some>(jobs)

/**
 * The test's queue. Fails if the test enqueues elsewhere, or if a worker runs the jobs: then every
 * answer would mislead.
 */
export const kit: Effect.Effect<Kit, SettingInvalid, TestQueue> = Effect.gen(function*() {
  const kit = yield* Key
  const repo = yield* Effect.serviceOption(JobRepo)
  const worker = yield* Effect.serviceOption(WorkerControl)
  if (Option.isSome(repo) && repo.value !== kit.repo) {
    return yield* mixed("JobRepo as well, and the test enqueues there")
  }
  if (Option.isSome(worker)) return yield* mixed("a worker as well, which runs the jobs by itself")
  return kit
})

/** A time that a test names: one that ends, and not before it begins. */
export const timeOf = (time: Duration.Input): Effect.Effect<Duration.Duration, SettingInvalid> => {
  const length = Option.getOrElse(Duration.fromInput(time), () => Duration.infinity)
  return Duration.between(length, { minimum: Duration.zero, maximum: delayMax })
    ? Effect.succeed(length)
    : Effect.fail(
      new SettingInvalid({
        setting: "TestQueue",
        issue: `a time that a test names is from 0 to ${Duration.toDays(delayMax)} days`
      })
    )
}

const mixed = (what: string) =>
  new SettingInvalid({
    setting: "TestQueue",
    issue: `another layer, such as QueueLive.layer, provides ${what}; provide one of the two`
  })
