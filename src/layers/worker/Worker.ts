/**
 * Works on queues until its scope ends: claims, runs, settles, and stops in order.
 */
import { Deferred, Duration, Effect, Layer, Queue, References, Scope, Stream } from "effect"
import * as CooperativeMode from "../../domain/CooperativeMode.ts"
import type { SettingInvalid, StoreError } from "../../domain/Errors.ts"
import * as Pause from "../../domain/Pause.ts"
import { failureReportsOf, Handlers } from "../../services/Handlers.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"
import { Notifier } from "../../services/Notifier.ts"
import type { Pulses } from "../../services/Pulses.ts"
import type { RunReports } from "../../services/RunReports.ts"
import type { Transactions } from "../../services/Transactions.ts"
import type { Watchdog } from "../../services/Watchdog.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import type { NewWorker, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { bounds, closeWithin } from "../effects/Deadline.ts"
import * as EventLog from "../effects/EventLog.ts"
import * as Monotonic from "../effects/Monotonic.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as AwaitingRuns from "./AwaitingRuns.ts"
import * as Cancels from "./Cancels.ts"
import * as Changes from "./Changes.ts"
import * as ClaimLoop from "./ClaimLoop.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as JobRunner from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import { LoopWatch } from "./LoopWatch.ts"
import * as MeasuredStore from "./MeasuredStore.ts"
import * as PausedJobs from "./PausedJobs.ts"
import * as PulseSender from "./PulseSender.ts"
import type * as RunSpans from "./RunSpans.ts"
import * as Settler from "./Settler.ts"
import * as Shutdown from "./Shutdown.ts"
import * as StuckRuns from "./StuckRuns.ts"
import { Tallies } from "./Tallies.ts"
import * as VitalSigns from "./VitalSigns.ts"
import * as WorkerHandle from "./WorkerHandle.ts"
import * as WorkLoop from "./WorkLoop.ts"

type Needs =
  | Handlers
  | JobRepo
  | Notifier
  | Pulses
  | RunReports
  | Transactions
  | Watchdog
  | WorkerRegistry

export interface Options {
  readonly worker: Omit<NewWorker, "mode" | "names" | "failureReports">
  readonly grace: Shutdown.Options["grace"]
  readonly stuck: StuckRuns.Options["stuck"]
  /** Whether the runs of handlers are traced. Defaults to what holds for the worker. */
  readonly isTraced?: boolean | undefined
  /** How runs have spans, where a tracer is installed. Without this they have none. */
  readonly traces?: Omit<RunSpans.Options, "attributes"> | undefined
}

export const layer = (
  options: Options
): Layer.Layer<WorkerControl, SettingInvalid | StoreError, Needs> =>
  Layer.effect(
    WorkerControl,
    Effect.gen(function*() {
      const scope = yield* Effect.acquireRelease(Scope.make(), closeWithin(bounds.closing))
      const said = Effect.annotateLogs({ worker: options.worker.id })
      const logAnnotations = yield* References.CurrentLogAnnotations
      const { control, goodbye } = yield* make({ ...options, logAnnotations }).pipe(
        Scope.provide(scope),
        said
      )
      // Registered last, so that it runs first, while everything else still works.
      yield* Effect.addFinalizer(() => said(goodbye))
      return control
    })
  )

const make = Effect.fnUntraced(function*(
  options: Options & {
    /** The application's annotations, for the log lines of handlers. */
    readonly logAnnotations: Readonly<Record<string, unknown>>
  }
) {
  const mode = CooperativeMode.format((yield* LockStrategy).mode)
  const now = yield* Monotonic.millis
  const observed = {
    now,
    tallies: new Tallies(options.worker.queues),
    watch: new LoopWatch(now)
  }
  const parts = yield* MeasuredStore.measured(observed)(
    makeParts({ ...options, ...observed }, mode)
  )
  const { heartbeat, life, shutdown } = parts
  const control = yield* WorkerHandle.of(parts, mode)
  const pulses = yield* PulseSender.make({ worker: options.worker.id, figures: control.figures })
  // The scope ends these in the opposite order: claims end before the heartbeat, which keeps their
  // leases; the settler was made before all of them and ends last.
  const inOrder: ReadonlyArray<Effect.Effect<unknown, StoreError, Needs | Scope.Scope>> = [
    join(heartbeat),
    Scope.provide(keepAlive(parts), life),
    Effect.forkScoped(hearWakes(parts)),
    Effect.forkScoped(reconcile(parts)),
    Effect.forkScoped(parts.cancels.handle),
    Effect.forkScoped(parts.pausedJobs.handle),
    Effect.forkScoped(releaseOverdue(parts)),
    Effect.forkScoped(forgetIdleKinds(parts)),
    Effect.forkScoped(pulses.keep),
    Effect.forkScoped(workUntilEnd(parts, pulses))
  ]
  yield* MeasuredStore.measured(observed)(
    Effect.forEach(inOrder, (step) => step, { discard: true })
  )
  return { control, goodbye: shutdown.goodbye }
})

interface Observed {
  readonly tallies: Tallies
  readonly watch: LoopWatch
}

interface Parts extends Observed {
  readonly worker: Options["worker"]
  readonly runs: JobRunner.JobRunner
  readonly claims: Effect.Success<ReturnType<typeof ClaimLoop.make>>
  readonly heartbeat: Heartbeat.Heartbeat
  /** Ends the heartbeat and its watchdog. */
  readonly life: Scope.Closeable
  readonly shutdown: Shutdown.Shutdown
  readonly changes: Changes.Changes
  readonly cancels: Cancels.Cancels
  readonly pausedJobs: PausedJobs.PausedJobs
  readonly reconcileRequests: Queue.Dequeue<void>
  readonly vitals: VitalSigns.VitalSigns
}

interface PartsOptions extends Options, Observed {
  readonly now: () => number
  readonly logAnnotations: Readonly<Record<string, unknown>>
}

const makeParts = Effect.fnUntraced(function*(
  options: PartsOptions,
  mode: string
): Effect.fn.Return<Parts, SettingInvalid | StoreError, Needs | Scope.Scope> {
  const { grace, now, stuck, tallies, traces, watch, worker } = options
  const { concurrency, id, queues } = worker
  const changes = yield* Changes.make
  const reconcileRequests = yield* Queue.sliding<void>(1)
  const settler = yield* Settler.make({
    onMadeReady: changes.wake,
    onAnswer: (batch, lost) => {
      // A settlement was too late because its lease is gone, or was sent twice; only the store
      // knows which.
      if (lost.length > 0) Queue.offerUnsafe(reconcileRequests, undefined)
      // Beside some suspects no other suspect may run.
      if (batch.some(({ isSuspect }) => isSuspect)) changes.wake()
      else changes.look()
    }
  })
  const known = knownOf(yield* Handlers)
  const life = yield* Scope.fork(yield* Effect.scope)
  const heartbeat = yield* Scope.provide(Heartbeat.make({ ...worker, ...known, mode }), life)
  const { spanAttributes } = yield* JobRepo
  const runs = yield* JobRunner.make({
    concurrency,
    settler,
    tallies,
    isTraced: options.isTraced,
    traces: traces && { ...traces, attributes: { ...spanAttributes, "pgq.worker.id": id } },
    logAnnotations: options.logAnnotations,
    onRoom: changes.look,
    awaits: yield* AwaitingRuns.make(worker),
    stuckAfter: stuck.after,
    isTrusted: heartbeat.isTrusted
  })
  const shutdown = yield* Shutdown.make({
    grace,
    runs,
    settler,
    heartbeat,
    life,
    wake: changes.wake
  })
  yield* StuckRuns.watch({ stuck, runs, settler, stop: shutdown.stop })
  const cancels = yield* Cancels.make({ worker: id, runs })
  const claims = yield* ClaimLoop.make({
    worker: id,
    queues,
    runs,
    settler,
    changes,
    join: heartbeat.join
  })
  const pausedJobs = yield* PausedJobs.make({ queues, runs, claimed: claims.claimed })
  return {
    tallies,
    watch,
    worker,
    runs,
    claims,
    heartbeat,
    life,
    shutdown,
    changes,
    cancels,
    pausedJobs,
    reconcileRequests,
    vitals: yield* VitalSigns.make({ now, waiting: runs.backlogSize })
  }
})

const knownOf = (handlers: Handlers["Service"]) => ({
  names: handlers.names,
  failureReports: failureReportsOf(handlers)
})

const join = (heartbeat: Heartbeat.Heartbeat) =>
  Effect.onError(
    heartbeat.join,
    () =>
      Effect.ignore(Effect.timeoutOption(Effect.interruptible(heartbeat.leave), bounds.lastWords))
  )

const keepAlive = (
  { cancels, changes, claims, heartbeat, pausedJobs, runs, shutdown, vitals, worker }: Parts
) =>
  heartbeat.keep({
    isStopping: () => shutdown.mode() !== undefined,
    vitals,
    onExpired: Effect.suspend(() => {
      const lost = runs.lose((run) => run.key !== undefined)
      return EventLog.warning("lease.expired", {
        text:
          "could not renew in time; interrupted the runs with a key, before other workers may " +
          `run these jobs: ${LogFields.wordsFor(lost)}`,
        fields: { queues: worker.queues, ...LogFields.ofJobs(lost) }
      })
    }),
    // Since the worker was reported dead, no producer has woken it.
    onReportedDead: Effect.andThen(claims.rejoin, Effect.sync(changes.wake)),
    onCancels: Effect.sync(() => cancels.request()),
    onPauses: Effect.sync(() => pausedJobs.request()),
    onAsked: shutdown.heed,
    // A claim that hangs must not keep the worker from renewing.
    onRenewed: Effect.ignore(
      Effect.timeout(claims.reconcile, Duration.divideUnsafe(worker.lease, 3))
    ),
    onTrustedAgain: Effect.sync(changes.wake)
  })

const hearWakes = ({ cancels, changes, claims, pausedJobs, worker: { id, queues } }: Parts) =>
  Notifier.use(({ wakes }) =>
    Stream.runForEach(wakes, (wake) =>
      Effect.sync(() => {
        if (wake._tag === "Everything") {
          changes.wake()
          cancels.request()
          pausedJobs.request()
        } else if (wake._tag === "Cancel" && wake.worker === id) cancels.request()
        else if (wake._tag === "Pauses" && queues.some((queue) => Pause.concerns(wake, queue))) {
          pausedJobs.request()
          claims.distrustSleep()
          changes.wake()
        } else if (wake._tag === "Jobs" && queues.includes(wake.queue)) changes.hear()
      }))
  ).pipe(restartOnDefect("waking up"))

const reconcile = ({ claims, reconcileRequests }: Parts) =>
  Queue.take(reconcileRequests).pipe(
    Effect.andThen(Effect.ignore(claims.reconcile)),
    restartOnDefect("reconciling"),
    Effect.forever
  )

const releaseOverdue = ({ runs }: Parts) =>
  Effect.sync(runs.releaseOverdue).pipe(
    restartOnDefect("releasing"),
    Effect.delay("250 millis"),
    Effect.forever
  )

const forgetIdleKinds = ({ tallies }: Parts) =>
  Effect.sync(tallies.forgetIdle).pipe(Effect.delay("1 minute"), Effect.forever)

const workUntilEnd = (parts: Parts, pulses: PulseSender.PulseSender) =>
  Effect.andThen(restartOnDefect("working")(WorkLoop.work(parts)), parts.shutdown.end).pipe(
    Effect.tap(() => parts.shutdown.hasSignedOff() ? pulses.last : Effect.void),
    Effect.tapCause((cause) =>
      EventLog.error("worker.crashed", {
        text: "the worker's loop crashed; this worker claims nothing more",
        cause
      })
    ),
    Effect.onExit((exit) => Deferred.done(parts.shutdown.ended, exit))
  )
