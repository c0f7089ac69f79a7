/**
 * Works on queues for as long as its scope lives: claims, runs, settles, and ends in order.
 */
import {
  Clock,
  Deferred,
  Duration,
  Effect,
  Exit,
  Layer,
  Option,
  Queue,
  References,
  Schedule,
  Scope,
  Stream
} from "effect"
import * as CooperativeMode from "../../domain/CooperativeMode.ts"
import type { StoreError } from "../../domain/Errors.ts"
import { nextStep, type StopMode, stopModes } from "../../domain/StopMode.ts"
import type { Handlers } from "../../services/Handlers.ts"
import { JobRepo } from "../../services/JobRepo.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"
import { Notifier } from "../../services/Notifier.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import type { NewWorker, WorkerRegistry } from "../../services/WorkerRegistry.ts"
import { bounds, closeWithin } from "../effects/Deadline.ts"
import { restartOnDefect } from "../effects/RestartOnDefect.ts"
import * as ClaimLoop from "./ClaimLoop.ts"
import * as Heartbeat from "./Heartbeat.ts"
import * as JobRunner from "./JobRunner.ts"
import * as LogFields from "./LogFields.ts"
import * as Settler from "./Settler.ts"
import * as SettlingLog from "./SettlingLog.ts"

export interface Options {
  readonly worker: Omit<NewWorker, "mode">
  /**
   * How long cancelled jobs may take to clean up, and how long a closing scope waits for running
   * ones.
   */
  readonly grace: Duration.Duration
}

type Needs = Handlers | JobRepo | Notifier | WorkerRegistry

export const layer = (options: Options): Layer.Layer<WorkerControl, StoreError, Needs> =>
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
      // Registered last, so that it runs first, while all else still works.
      yield* Effect.addFinalizer(() => said(goodbye))
      return control
    })
  )

const make = Effect.fnUntraced(function*({ grace, logAnnotations, worker }: Options & {
  /** Those of the application, for what its handlers log. */
  readonly logAnnotations: Readonly<Record<string, unknown>>
}): Effect.fn.Return<
  { readonly control: WorkerControl["Service"]; readonly goodbye: Effect.Effect<void> },
  StoreError,
  Needs | Scope.Scope
> {
  const { concurrency, id, queues } = worker
  const repo = yield* JobRepo
  const notifier = yield* Notifier
  const clock = yield* Clock.Clock
  const mode = CooperativeMode.format((yield* LockStrategy).mode)

  // One place to wait for whatever may change what to do next; looking too often is harmless.
  const changes = yield* Queue.sliding<void>(1)
  const look = () => void Queue.offerUnsafe(changes, undefined)

  // A settlement came too late, because its lease is gone, or it was sent twice: the store knows
  // which.
  const doubts = yield* Queue.sliding<void>(1)
  const settler = yield* Settler.make((lost) => {
    if (lost.length > 0) Queue.offerUnsafe(doubts, undefined)
    look()
  })
  const life = yield* Scope.fork(yield* Effect.scope)
  // Nobody stands in for one that has ended.
  const heartbeat = yield* Scope.provide(Heartbeat.make({ ...worker, mode }), life)
  const runs = yield* JobRunner.make({
    concurrency,
    settler,
    logAnnotations,
    onFree: look,
    isTrusted: heartbeat.isTrusted
  })
  const ended = yield* Deferred.make<ReadonlyArray<bigint>>()

  const startedAt = clock.currentTimeMillisUnsafe()
  let stopping: StopMode | undefined
  let cancelledAt = Infinity
  let hasSignedOff = false

  const claims = yield* ClaimLoop.make({
    worker: id,
    queues,
    runs,
    settler,
    changes,
    join: heartbeat.join
  })

  const work = Effect.gen(function*() {
    let hasUnstarted = true
    while (true) {
      const step = nextStep({ mode: stopping, running: runs.count(), hasUnstarted })
      if (step === "end") return
      if (step === "wait") {
        const left = cancelledAt + Duration.toMillis(grace) - clock.currentTimeMillisUnsafe()
        if (left <= 0) return
        yield* left === Infinity
          ? Queue.take(changes)
          : Effect.timeoutOption(Queue.take(changes), left)
        continue
      }
      // A job that is claimed now could not be started.
      if (runs.wants().limit === 0 || !heartbeat.isTrusted()) {
        yield* Queue.take(changes)
        continue
      }
      const round = yield* claims.round
      if (round !== undefined && (round.found > 0 || round.isBehind)) {
        hasUnstarted = true
        continue
      }
      if (round?.found === 0 && stopping === "drain" && runs.count() === 0) {
        hasUnstarted = yield* Effect.orElseSucceed(repo.hasUnstarted(queues), () => true)
        if (!hasUnstarted) continue
      }
      yield* claims.pause(stopping === "drain" ? "200 millis" : "5 seconds")
    }
  })

  const end = Effect.gen(function*() {
    runs.finish()
    const left = runs.running().map(({ job }) => job)
    const leftBehind = left.map(({ id }) => id)
    // Jobs that have ended are recorded however little time the others have.
    yield* Effect.timeoutOption(settler.drained, Duration.max(grace, bounds.lastWords))
    if (settler.size() > 0) yield* SettlingLog.tooLate(settler.jobs())
    if (left.length > 0) yield* SettlingLog.leftBehind(left)
    // A job that does not stop keeps its lease until this process is dead and the lease has run
    // out.
    if (leftBehind.length > 0) return leftBehind
    // A renewal that finds the worker gone would have it join again.
    yield* Scope.close(life, Exit.void)
    yield* heartbeat.leave.pipe(
      Effect.tapError((error) =>
        Effect.logWarning(`could not sign off, which is tried for some seconds: ${error.message}`)
          .pipe(Effect.annotateLogs(LogFields.ofError(error)))
      ),
      Effect.retry(Schedule.jittered(Schedule.exponential("100 millis"))),
      Effect.andThen(Effect.sync(() => hasSignedOff = true)),
      Effect.interruptible,
      Effect.timeoutOption(bounds.signOff),
      Effect.ignore
    )
    if (!hasSignedOff) {
      yield* Effect.logError("stopped without signing off; others wait until its lease has run out")
    }
    return leftBehind
  })

  const stop = (asked: StopMode): void => {
    if (stopping !== undefined && stopModes.indexOf(asked) <= stopModes.indexOf(stopping)) return
    stopping = asked
    if (asked !== "drain") runs.finish()
    if (asked === "cancel") {
      cancelledAt = clock.currentTimeMillisUnsafe()
      runs.cancel()
    }
    look()
  }

  yield* Effect.onError(
    heartbeat.join,
    () =>
      Effect.ignore(Effect.timeoutOption(Effect.interruptible(heartbeat.leave), bounds.lastWords))
  )
  yield* heartbeat.keep({
    onExpired: Effect.suspend(() => {
      const lost = runs.lose((run) => run.key !== undefined)
      return Effect.logWarning(
        "could not renew in time; broke off what has a key, before others may run it: " +
          LogFields.wordsFor(lost)
      ).pipe(Effect.annotateLogs({ queues, ...LogFields.ofJobs(lost) }))
    }),
    onReportedDead: claims.rejoin,
    // A claim that hangs must not keep the worker from renewing.
    onRenewed: Effect.andThen(
      Effect.sync(look),
      Effect.ignore(Effect.timeout(claims.reconcile, Duration.divideUnsafe(worker.lease, 3)))
    )
  }).pipe(Scope.provide(life))
  yield* notifier.wakes.pipe(
    Stream.runForEach((wake) =>
      Effect.sync(() => {
        if (
          wake._tag === "Everything" || (wake._tag === "Jobs" && queues.includes(wake.queue))
        ) look()
      })
    ),
    restartOnDefect("waking up"),
    Effect.forkScoped
  )
  yield* Queue.take(doubts).pipe(
    Effect.andThen(Effect.ignore(claims.reconcile)),
    restartOnDefect("reconciling"),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Effect.sync(runs.releaseOverdue).pipe(
    restartOnDefect("releasing"),
    Effect.delay("250 millis"),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Effect.andThen(restartOnDefect("working")(work), end).pipe(
    Effect.tapCause((cause) =>
      Effect.logError("the worker has broken off, and claims nothing more", cause)
    ),
    Effect.onExit((exit) => Deferred.done(ended, exit)),
    Effect.forkScoped
  )
  // No run is left that may still clean up.
  const isIdle = Effect.repeat(Effect.sleep("50 millis"), { until: () => runs.count() === 0 })
  const goodbye = Effect.gen(function*() {
    stop("finish")
    yield* Effect.timeoutOption(Deferred.await(ended), grace)
    stop("cancel")
    yield* Effect.timeoutOption(Effect.raceFirst(Deferred.await(ended), isIdle), grace)
    const heard = yield* Effect.timeoutOption(Deferred.await(ended), bounds.lastWords)
    if (Option.isNone(heard)) {
      yield* Effect.logWarning(
        "the database does not answer: this worker ends without signing off, and others get its " +
          "jobs when its lease has run out"
      )
    }
  }).pipe(Effect.ignoreCause)

  const control = WorkerControl.of({
    stop: (asked) => Effect.sync(() => stop(asked)),
    ended: Deferred.await(ended),
    status: Effect.sync(() => ({
      uptime: Duration.millis(clock.currentTimeMillisUnsafe() - startedAt),
      queues,
      mode,
      stopping,
      hasSignedOff,
      concurrency,
      running: runs.running().map(({ age, job }) => ({
        id: job.id,
        name: job.name,
        key: job.key,
        age: Duration.millis(age)
      })),
      prefetched: runs.backlogSize(),
      ...runs.tally
    }))
  })
  return { control, goodbye }
})
