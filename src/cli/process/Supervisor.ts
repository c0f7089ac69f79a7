/**
 * `pgq start -q N`: keeps N child processes at work. The supervisor passes signals on, replaces a
 * child that crashed, and gives a dead child's jobs back at once.
 */
import { Clock, Deferred, Duration, Effect, Layer, Redacted, Schedule, Stream } from "effect"
import { randomUUID } from "node:crypto"
import * as Conninfo from "../../domain/Conninfo.ts"
import * as Backoff from "../../layers/effects/Backoff.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as PgWorkerRegistry from "../../layers/postgres/PgWorkerRegistry.ts"
import * as LogFields from "../../layers/worker/LogFields.ts"
import { WorkerRegistry } from "../../services/WorkerRegistry.ts"
import * as Database from "../Database.ts"
import { ExitWith } from "../ExitCode.ts"
import * as Script from "../script/ScriptLoader.ts"
import type * as Settings from "../Settings.ts"
import * as StatusText from "../StatusText.ts"
import * as Child from "./Child.ts"
import * as Children from "./Children.ts"
import type * as Observed from "./Observed.ts"
import * as ObservedFamily from "./ObservedFamily.ts"
import * as StopSignals from "./StopSignals.ts"

export const run = Effect.fnUntraced(function*(
  options: Settings.Given & Observed.Options & {
    readonly processes: number
    readonly file: string
    readonly grace: Duration.Duration
    readonly startLimit: Duration.Duration
  }
) {
  const children = new Set<Child.Child>()
  const connected = yield* Deferred.make<Connected>()
  const signals = yield* StopSignals.make({
    isChild: false,
    status: Children.status(children),
    exit: Children.killAll(
      children,
      Effect.map(Deferred.await(connected), ({ registry }) => registry)
    )
  })
  yield* ObservedFamily.listen(options, children)
  const startUp = connect(options).pipe(
    Effect.tap((connection) => Deferred.succeed(connected, connection))
  )
  const connection = yield* Effect.raceFirst(startUp, signals.startsNothing)
  if (connection === undefined) return

  yield* signals.modes.pipe(
    Stream.runForEach((mode) => Effect.sync(() => children.forEach((child) => child.stop(mode)))),
    Effect.forkScoped
  )
  yield* signals.modes.pipe(
    Stream.filter((mode) => mode === "cancel"),
    Stream.take(1),
    Stream.runDrain,
    Effect.andThen(Effect.sleep(options.grace)),
    Effect.andThen(Children.killDeaf(children)),
    Effect.forkScoped
  )
  const isClean = yield* keepAll({ ...connection, ...options, children, signals })
  // The exit code is the signal's, however the children ended.
  if (yield* signals.isExiting) return yield* Effect.never
  if (!isClean) return yield* new ExitWith({ code: 1 })
  yield* EventLog.info("worker.stopped", "stopped")
})

interface Connected {
  readonly registry: WorkerRegistry["Service"]
  /** Passes the connection to the children, so that only the parent owns an embedded server. */
  readonly env: Readonly<Record<string, string>>
}

interface Family extends Connected {
  readonly children: Set<Child.Child>
  readonly signals: StopSignals.StopSignals
  readonly processes: number
  readonly file: string
  readonly startLimit: Duration.Duration
}

const connect = Effect.fnUntraced(function*(options: Settings.Given & { readonly file: string }) {
  yield* Script.check(options.file)
  const database = yield* Layer.build(Database.layer(options))
  return yield* Effect.gen(function*() {
    yield* Database.ready
    const { conninfo, schema } = yield* Database.Database
    const registry = yield* Effect.provideContext(
      WorkerRegistry,
      yield* Layer.build(PgWorkerRegistry.layer({ schema }))
    )
    // The service file has been read. Without this, a child would read it again for parameters that
    // the parent left empty.
    return { registry, env: { PGQ_URL: Redacted.value(Conninfo.format(conninfo)), PGSERVICE: "" } }
  }).pipe(Effect.provideContext(database))
})

/**
 * Starts the other children once the first one works, so that a fault common to all is reported
 * once.
 */
const keepAll = Effect.fnUntraced(function*(family: Family) {
  const first = yield* begun(family)
  if (typeof first === "boolean") return first
  yield* EventLog.info("supervisor.started", `working in ${family.processes} processes`)
  yield* Effect.forEach(StopSignals.instructions, (line) => Effect.logInfo(line))
  const mode = yield* family.signals.mode
  const others = mode === undefined || mode === "drain" ? family.processes - 1 : 0
  const ends = yield* Effect.forEach(
    [Effect.succeed(first), ...Array.from({ length: others }, () => launch(family))],
    Effect.flatMap((child) => keep(family, child)),
    { concurrency: "unbounded" }
  )
  return ends.every((isClean) => isClean)
})

/** A first child that works; if none does, whether the last one ended cleanly. */
const begun = Effect.fnUntraced(function*(family: Family) {
  for (let crashes = 1;; crashes++) {
    const child = yield* launch(family)
    const end = yield* Effect.raceFirst(Deferred.await(child.ready), Deferred.await(child.ended))
    if (end === undefined) return child
    family.children.delete(child)
    // If the child could not report its error, the parent does.
    const isLate = yield* Deferred.isDone(child.late)
    if (end.isSilent && !isLate) {
      yield* EventLog.error("child.ended", {
        text: `the first process ended ${end.how}`,
        fields: fieldsOf(child)
      })
    }
    if (!end.isClean) yield* Effect.ignore(family.registry.reportDead(child.workerId))
    if (!isLate || (yield* family.signals.mode) !== undefined) return end.isClean
    yield* pause(family, crashes)
    if ((yield* family.signals.mode) !== undefined) return true
  }
})

/** Replaces the child whenever it crashes; answers whether the last one ended cleanly. */
const keep = Effect.fnUntraced(function*(family: Family, first: Child.Child) {
  let child = first
  let crashes = 0
  while (true) {
    const since = yield* Clock.currentTimeMillis
    const end = yield* Deferred.await(child.ended)
    family.children.delete(child)
    if (end.isClean) return true
    yield* reportDead(family, child, end)
    if ((yield* family.signals.mode) !== undefined) return false

    const lived = (yield* Clock.currentTimeMillis) - since
    const isQuick = lived < Duration.toMillis(quick) || (yield* Deferred.isDone(child.late))
    crashes = isQuick ? crashes + 1 : 1
    yield* pause(family, crashes)
    if ((yield* family.signals.mode) !== undefined) return true
    child = yield* launch(family)
  }
})

const pause = ({ signals }: Family, crashes: number) =>
  Effect.raceFirst(
    // The first child that crashes is replaced at once.
    crashes <= 1 ? Effect.void : Effect.flatMap(Backoff.wait(growth, crashes - 1), Effect.sleep),
    signals.startsNothing
  )

/** A child that crashes sooner than this after its start will probably crash again. */
const quick = Duration.seconds(10)

const growth = { base: "100 millis", cap: "10 seconds" } as const

const launch = Effect.fnUntraced(function*(family: Family) {
  const { children, env, signals } = family
  const child = yield* Child.spawn({ workerId: randomUUID(), number: freeNumber(children), env })
  children.add(child)
  // A child that is still starting gets the stop requests that were made meanwhile.
  yield* Deferred.await(child.listening).pipe(
    Effect.andThen(signals.mode),
    Effect.map((mode) => mode === undefined ? undefined : child.stop(mode)),
    Effect.raceFirst(Effect.asVoid(Deferred.await(child.ended))),
    Effect.forkScoped
  )
  yield* Effect.forkScoped(killLate(family, child))
  return child
})

const freeNumber = (children: ReadonlySet<Child.Child>): number => {
  const taken = new Set(Array.from(children, ({ number }) => number))
  let number = 1
  while (taken.has(number)) number++
  return number
}

/** Kills a child that does not begin to work, so that another can take its place. */
const killLate = ({ file, startLimit }: Family, child: Child.Child) => {
  const kill = Effect.gen(function*() {
    yield* EventLog.warning("child.killed", {
      text: `process ${child.pid} did not begin to work within ${StatusText.age(startLimit)}; ` +
        `its job script ${file} or its database does not answer; killed it`,
      fields: fieldsOf(child)
    })
    Deferred.doneUnsafe(child.late, Effect.void)
    child.signal("SIGKILL")
  })
  return Deferred.await(child.ready).pipe(
    Effect.raceFirst(Effect.asVoid(Deferred.await(child.ended))),
    Effect.timeoutOrElse({ duration: startLimit, orElse: () => kill })
  )
}

/** Gives the jobs of a dead child back, so that they run again at once. */
const reportDead = Effect.fnUntraced(function*(
  { signals, registry }: Family,
  child: Child.Child,
  end: Child.Ended
) {
  const { pid, workerId } = child
  const isStopping = (yield* signals.mode) !== undefined
  const next = isStopping ? "" : ", and starting another"
  yield* EventLog.warning("child.ended", {
    text: `process ${pid} ended ${end.how}; giving its jobs back${next}`,
    fields: fieldsOf(child)
  })
  yield* registry.reportDead(workerId).pipe(
    Effect.retry(Schedule.upTo(Schedule.spaced("200 millis"), { duration: "15 seconds" })),
    Effect.catch((error) =>
      EventLog.warning("child.report-failed", {
        text: `could not give back the jobs of process ${pid}: ${error.message}; they run again ` +
          "when its lease has expired",
        fields: { ...fieldsOf(child), ...LogFields.ofError(error) }
      })
    )
  )
})

const fieldsOf = ({ workerId }: Child.Child): EventLog.Fields => ({ worker: workerId })
