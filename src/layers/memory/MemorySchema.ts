/**
 * A queue in memory, for tests and first steps: the services of one schema over one shared state.
 *
 * It follows the same protocol as PostgreSQL, by the specification in `domain`. Jobs are lost with
 * the process.
 */
import { Clock, Context, Duration, Effect, Layer, PubSub, Result, Stream } from "effect"
import { StoreError } from "../../domain/Errors.ts"
import { type NewJob, newJob } from "../../domain/JobRecord.ts"
import { concerns } from "../../domain/Pause.ts"
import { mayMakeReady } from "../../domain/Settlement.ts"
import { traceparentBytes } from "../../domain/Traceparent.ts"
import { Insight } from "../../services/Insight.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import { JobControl } from "../../services/JobControl.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { Notifier, type Wake } from "../../services/Notifier.ts"
import { Objectives } from "../../services/Objectives.ts"
import { Operations } from "../../services/Operations.ts"
import { PauseControl } from "../../services/PauseControl.ts"
import { Pulses } from "../../services/Pulses.ts"
import { QueuedJobs } from "../../services/QueuedJobs.ts"
import { RunReports } from "../../services/RunReports.ts"
import { Scheduler } from "../../services/Scheduler.ts"
import { Series } from "../../services/Series.ts"
import { Transactions } from "../../services/Transactions.ts"
import { Watchdog } from "../../services/Watchdog.ts"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as MemoryInsight from "./MemoryInsight.ts"
import * as MemoryJobControl from "./MemoryJobControl.ts"
import * as MemoryObjectives from "./MemoryObjectives.ts"
import { MemoryOffers } from "./MemoryOffers.ts"
import * as MemoryOperations from "./MemoryOperations.ts"
import * as MemoryPauseControl from "./MemoryPauseControl.ts"
import * as MemoryQueuedJobs from "./MemoryQueuedJobs.ts"
import * as MemorySeries from "./MemorySeries.ts"
import { MemoryStore } from "./MemoryStore.ts"
import * as MemoryTransactions from "./MemoryTransactions.ts"

export const layer: Layer.Layer<
  | Insight
  | JobAdmin
  | JobControl
  | JobRepo
  | Notifier
  | Objectives
  | Operations
  | PauseControl
  | Pulses
  | QueuedJobs
  | RunReports
  | Scheduler
  | Series
  | Transactions
  | Watchdog
  | WorkerRegistry
> = Layer
  .effectContext(Effect.gen(function*() {
    // A subscriber that does not read costs memory, as the jobs themselves do.
    const wakes = yield* Effect.acquireRelease(PubSub.unbounded<Wake>(), PubSub.shutdown)
    const store = new MemoryStore((wake) => PubSub.publishUnsafe(wakes, wake))
    return Context.make(JobRepo, jobRepo(store, new MemoryOffers(store))).pipe(
      Context.add(Scheduler, scheduler(store)),
      Context.add(WorkerRegistry, workerRegistry(store)),
      Context.add(Pulses, {
        add: (_, pulses) => timed((now) => store.figures.add(pulses, now))
      }),
      Context.add(RunReports, { keep: (reports) => timed((now) => store.report(reports, now)) }),
      Context.add(Insight, MemoryInsight.make(store)),
      Context.add(JobAdmin, jobAdmin(store)),
      Context.add(JobControl, yield* MemoryJobControl.make(store)),
      Context.add(Objectives, MemoryObjectives.make(store)),
      Context.add(Operations, MemoryOperations.service),
      Context.add(PauseControl, MemoryPauseControl.make(store)),
      Context.add(Notifier, notifier(wakes)),
      Context.add(QueuedJobs, MemoryQueuedJobs.make(store)),
      Context.add(Series, MemorySeries.make(store)),
      Context.add(Transactions, MemoryTransactions.make(store)),
      Context.add(Watchdog, watchdog)
    )
  }))

const jobRepo = (store: MemoryStore, offers: MemoryOffers): JobRepo["Service"] => ({
  enqueue: (jobs) =>
    Effect.andThen(
      Effect.forEach(jobs, checked, { discard: true }),
      Effect.flatMap(MemoryTransactions.Current, (transaction) => {
        if (transaction === undefined) return timed((now) => store.enqueue(jobs, now))
        const added = jobs.map((job) => [store.nextId(), job] as const)
        transaction.jobs.push(...added)
        return Effect.succeed(added.map(([id]) => id))
      })
    ),
  offer: (jobs, { isWhole } = {}) =>
    Effect.andThen(
      Effect.forEach(jobs, checked, { discard: true }),
      timed((now) => offers.offer(jobs, { isWhole, now }))
    ),
  claim: (options) =>
    Effect.filterOrElse(
      timed((now) => {
        const jobs = store.claim(options, now)
        return jobs && { jobs, isBehind: false }
      }),
      (claimed) => claimed !== undefined,
      () =>
        refused("claim", {
          code: "PGQ01",
          detail: `worker ${options.worker} is not registered, or was taken for dead`
        })
    ),
  // No transaction can lock a job here: each method of the store is one step.
  settle: (settled, options) =>
    timed((now) => ({
      lost: store.settle(settled, { ...options, now }),
      rowLocked: [],
      hasMadeReady: settled.some(mayMakeReady)
    })),
  hasUnstarted: (queues) => timed((now) => store.looks.hasUnstarted(queues, now))
})

const scheduler = (store: MemoryStore): Scheduler["Service"] => ({
  promote: timed((now) => {
    const { next, promoted } = store.promote(now)
    return {
      promoted,
      isBehind: false,
      next: next === undefined ? undefined : Duration.millis(next)
    }
  }),
  expire: timed((now) => {
    const { expired, next } = store.expire(now)
    return {
      expired,
      isBehind: false,
      next: next === undefined ? undefined : Duration.millis(next)
    }
  }),
  rescue: timed((now) => store.rescue(now)),
  // No lane is marked here: each claim looks at every lane.
  heal: Effect.succeed({ healed: 0, isAtEnd: true }),
  unpause: timed((now) => MemoryPauseControl.unpause(store, now)),
  forget: timed((now) => {
    store.forget(now)
    return { hasFigures: true, untilMinute: Duration.millis(60_000 - now % 60_000) }
  }),
  // The minutes are added up when the pulses come.
  rollUp: Effect.void,
  sample: timed((now) => store.sample(now)),
  prune: timed((now) => store.prune(now))
})

const workerRegistry = (store: MemoryStore): WorkerRegistry["Service"] => {
  const end = (id: string, hasCrashed: boolean) =>
    Effect.asVoid(timed((now) => store.end(id, { hasCrashed, now })))
  return {
    join: (worker) => timed((now) => store.workers.join(worker, now)),
    renew: (id) =>
      timed((now) => ({
        isKnown: store.workers.renew(id, now),
        hasCancels: store.looks.cancelRequests(id).length > 0,
        hasPauses: store.pauses.all(now).length > 0,
        asked: store.workers.askedOf(id)
      })),
    pauses: (queues) =>
      timed((now) =>
        store.pauses.all(now).filter((pause) => queues.some((queue) => concerns(pause, queue)))
      ),
    cancelRequests: (id) => Effect.sync(() => store.looks.cancelRequests(id)),
    reconcile: (id, knownLeases) =>
      timed((now) => ({
        released: store.reconcile(id, knownLeases, now),
        gone: store.looks.gone(knownLeases)
      })),
    leave: (id) => end(id, false),
    reportDead: (id) => end(id, true)
  }
}

const jobAdmin = (store: MemoryStore): JobAdmin["Service"] => ({
  counts: timed((now) => store.looks.counts(now)),
  failed: (filter) => Effect.sync(() => store.looks.failed(filter)),
  workers: timed((now) => store.looks.workersAlive(now)),
  stopWorker: (id, mode) => Effect.sync(() => store.workers.ask(id, mode))
})

// Subscribed before `Everything` is sent, so that no wake-up is lost in between.
const notifier = (wakes: PubSub.PubSub<Wake>): Notifier["Service"] => ({
  wakes: Stream.unwrap(Effect.map(PubSub.subscribe(wakes), (subscription) =>
    Stream.concat(
      Stream.succeed<Wake>({ _tag: "Everything" }),
      Stream.fromSubscription(subscription)
    ))),
  // Jobs are added in one step, which ends with their wake-up.
  mayHaveMissed: () => Effect.succeed(false)
})

/** No other process reports a worker of this one dead while its thread is busy. */
const watchdog: Watchdog["Service"] = {
  watch: () => Effect.succeed({ tick: () => {}, renewedAgo: () => Infinity })
}

const timed = <A>(step: (now: number) => A): Effect.Effect<A> =>
  Effect.map(Clock.currentTimeMillis, step)

/** Refuses the values that the constraints of the table refuse. */
const checked = (job: NewJob): Effect.Effect<void, StoreError> => {
  const valid = newJob(job.name, job.payload, job)
  if (Result.isFailure(valid)) return refused("enqueue", { detail: valid.failure.message })
  if (job.traceparent !== undefined && Buffer.byteLength(job.traceparent) !== traceparentBytes) {
    return refused("enqueue", { detail: `the traceparent has not ${traceparentBytes} bytes` })
  }
  return Result.isFailure(Result.try(() => JSON.parse(job.payload)))
    ? refused("enqueue", { detail: "the payload is not JSON" })
    : Effect.void
}

const refused = (
  operation: string,
  why: { readonly detail: string; readonly code?: string }
): Effect.Effect<never, StoreError> =>
  Effect.fail(new StoreError({ operation, isTransient: false, cause: why.detail, ...why }))
