/**
 * A worker in this process, until it is asked to stop.
 */
import { Deferred, Duration, Effect, Layer, Option, Result, Scope, Stream } from "effect"
import { randomUUID } from "node:crypto"
import type { AdvisoryKey } from "../../domain/CooperativeMode.ts"
import { closeWithin } from "../../layers/effects/Deadline.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as AdvisoryLock from "../../layers/locks/AdvisoryLock.ts"
import * as RowLock from "../../layers/locks/RowLock.ts"
import * as SoloLock from "../../layers/locks/SoloLock.ts"
import * as PgWorker from "../../layers/PgWorker.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import { Insight } from "../../services/Insight.ts"
import { WorkerControl } from "../../services/WorkerControl.ts"
import * as Database from "../Database.ts"
import * as ErrorLine from "../ErrorLine.ts"
import { ExitWith } from "../ExitCode.ts"
import * as Log from "../Log.ts"
import * as Script from "../script/ScriptLoader.ts"
import type * as Settings from "../Settings.ts"
import * as SignalLatch from "../SignalLatch.ts"
import * as StatusText from "../StatusText.ts"
import * as Observed from "./Observed.ts"
import * as StopSignals from "./StopSignals.ts"

export interface Options extends Settings.Given, Observed.Options {
  readonly workers: number
  readonly file: string
  readonly arg: string
  readonly queues: ReadonlyArray<string>
  readonly cooperative: "row-lock" | "advisory" | "solo"
  readonly advisoryKey: Option.Option<AdvisoryKey>
  readonly grace: Duration.Duration
  readonly hangLimit: Duration.Duration
  readonly stuckAfter: Duration.Duration
  readonly onStuck: "wait" | "kill"
  /** The worker id that the parent chose; `undefined` for a process without a parent. */
  readonly workerId: string | undefined
}

/** Marks a process as a supervisor's child. */
export const workerIdVariable = "PGQ_WORKER_ID"

/**
 * Takes the parent's worker id out of the environment, so that a program that a job starts does not
 * count as a child.
 */
export const idFromParent = Effect.sync(() => {
  const id = process.env[workerIdVariable]
  delete process.env[workerIdVariable]
  return process.send === undefined ? undefined : id
})

export const run = Effect.fnUntraced(
  function*(options: Options) {
    yield* reportUncaught
    const running = yield* Deferred.make<Queue>()
    const signals = yield* StopSignals.make({
      isChild: options.workerId !== undefined,
      status: status(running),
      exit: Effect.void
    })
    // A job that cannot be interrupted would keep the scope, and with it the process, open for
    // ever.
    const scope = yield* Effect.acquireRelease(Scope.make(), closeWithin(Duration.seconds(5)))

    const observed = yield* Observed.worker(options, options.workerId !== undefined)
    const startUp = start({ ...options, observed }, scope).pipe(
      Effect.tap((queue) => Deferred.succeed(running, queue)),
      Effect.asSome
    )
    const started = yield* Effect.raceFirst(
      startUp,
      Effect.as(signals.startsNothing, Option.none<Queue>())
    )
    if (Option.isNone(started)) return

    const { control } = started.value
    yield* Effect.forkScoped(Stream.runForEach(signals.modes, control.stop))
    const leftBehind = yield* control.ended
    // The worker has already logged the reason.
    if (leftBehind.length > 0 || !(yield* control.status).hasSignedOff) {
      return yield* new ExitWith({ code: 1 })
    }
    yield* EventLog.info("worker.stopped", "stopped")
  },
  // A handler that calls `process.exit(0)` does not send this message, so the parent does not take
  // its exit for a clean stop.
  Effect.tap(() => Effect.sync(() => SignalLatch.tellParent("stopped"))),
  (effect, { workerId }) =>
    workerId === undefined ? effect : Effect.annotateLogs(effect, { pid: process.pid })
)

/**
 * An error thrown from a timer, or a rejection without a handler, ends the process, as it does in
 * any Node program.
 */
const reportUncaught = Effect.gen(function*() {
  const log = Effect.runSyncWith(yield* Effect.context())
  const say = (error: unknown) => {
    const text = Result.getOrElse(
      Result.try(() => ErrorLine.withPlace(error)),
      () => "it cannot be described"
    )
    log(EventLog.error("process.crashed", `an uncaught error ends the process: ${text}`))
  }
  yield* Effect.acquireRelease(
    Effect.sync(() => process.on("uncaughtExceptionMonitor", say)),
    () => Effect.sync(() => process.off("uncaughtExceptionMonitor", say))
  )
})

interface Queue {
  readonly control: WorkerControl["Service"]
  readonly insight: Insight["Service"]
}

interface Starting extends Options {
  readonly observed: Effect.Success<ReturnType<typeof Observed.worker>>
}

const start = Effect.fnUntraced(function*(options: Starting, scope: Scope.Scope) {
  yield* Script.check(options.file)
  const database = yield* Layer.build(Database.layer(options))
  return yield* work(options).pipe(Scope.provide(scope), Effect.provideContext(database))
})

const work = Effect.fnUntraced(function*(options: Starting) {
  const { observed } = options
  const { notify, schema } = yield* Database.Database
  yield* Database.ready
  observed.reach("handlers")
  const client = yield* Layer.build(observed.producing(QueueLive.client({ schema })))
  const handlers = yield* Script.load(options.file, options.arg).pipe(
    Effect.provideContext(client),
    Effect.raceFirst(sayThatItLoads(options.file))
  )

  observed.reach("worker")
  const queues = options.queues.length === 0 ? undefined : options.queues
  const workerId = options.workerId ?? randomUUID()
  const live = PgWorker.layer(
    { ...options, workerId, queues, schema, notify, onHang: "kill" },
    Effect.succeed(handlers)
  ).pipe(Layer.provide(lock(options)))
  const queue = yield* Effect.all({ control: WorkerControl, insight: Insight }).pipe(
    Effect.provideContext(yield* Layer.build(live))
  )
  yield* observed.works(queue.control)
  const { concurrency, mode, queues: names } = yield* queue.control.status
  yield* EventLog.info("worker.started", {
    text: `working on ${names.join(", ")}, ${concurrency} at once, mode ${mode}`,
    fields: { worker: workerId }
  })
  if (options.workerId === undefined) {
    yield* Effect.forEach(StopSignals.instructions, (line) => Effect.logInfo(line))
  }
  SignalLatch.tellParent("ready")
  return queue
})

const sayThatItLoads = (file: string) =>
  EventLog.warning("script.loading", `job script ${file} is still loading; no job runs yet`).pipe(
    Effect.delay("5 seconds"),
    Effect.andThen(Effect.never)
  )

const lock = ({ advisoryKey, cooperative }: Options) =>
  Option.isSome(advisoryKey)
    ? AdvisoryLock.layer({ key: advisoryKey.value })
    : cooperative === "solo"
    ? SoloLock.layer
    : RowLock.layer

const status = Effect.fnUntraced(function*(running: Deferred.Deferred<Queue>) {
  if (!(yield* Deferred.isDone(running))) return yield* Log.print([`pgq ${process.pid}: starting`])
  const { control, insight } = yield* Deferred.await(running)
  const waiting = yield* insight.overview().pipe(
    Effect.map(({ queues }) => queues),
    Effect.timeout("3 seconds"),
    Effect.catch((error) => Effect.succeed(error.message))
  )
  yield* Log.print(StatusText.ofQueue(yield* control.status, waiting))
})
