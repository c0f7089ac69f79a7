/**
 * `pgq stop`: sends a running worker the signal of a stop mode, asks a worker by the database, or
 * stops an embedded server that a process left running.
 */
import { type Duration, Effect, Option, Schedule } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import { PidFileInvalid } from "../../domain/ProcessErrors.ts"
import { fromWord, signalOf, type StopMode } from "../../domain/StopMode.ts"
import * as EventLog from "../../layers/effects/EventLog.ts"
import * as EmbeddedPostgres from "../../layers/embedded/EmbeddedPostgres.ts"
import * as Home from "../../layers/embedded/Home.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as PidFiles from "../process/PidFiles.ts"
import * as WorkerStop from "./WorkerStop.ts"

const input = {
  pidFile: Flag.optional(Flags.pidFile),
  mode: Argument.String("mode").pipe(
    Argument.withDescription(
      "drain (no job waits), finish (running jobs done), cancel (now); or current, all, now; " +
        "else finish"
    ),
    Argument.filterMap(
      (word) => Option.fromNullishOr(fromWord[word]),
      (word) => `"${word}" is not one of ${Object.keys(fromWord).join(", ")}`
    ),
    Argument.optional
  ),
  worker: WorkerStop.worker,
  yes: WorkerStop.yes,
  connection: Flags.connection,
  schema: Flags.schema,
  wait: Flags.duration("wait").pipe(
    Flag.withDescription("Return when the queue has ended, or fail after this time"),
    Flag.optional
  ),
  server: Flag.Boolean("server").pipe(
    Flag.withDescription("Stop the embedded server, unless a process of pgq uses it"),
    Flag.withDefault(false)
  )
}

export const stop = Command.make(
  "stop",
  input,
  Effect.fnUntraced(function*({ mode, pidFile, wait, worker, yes, ...given }) {
    const asked = Option.getOrElse(mode, () => "finish" as const)
    if (Option.isSome(worker)) {
      return yield* WorkerStop.ask({ name: worker.value, mode: asked, yes }, given)
    }
    if (Option.isNone(pidFile)) return yield* stopServer
    yield* stopQueue(pidFile.value, asked, wait)
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ mode, pidFile, server, wait, worker }) => {
    const isOfQueue = [pidFile, mode, wait, worker].some(({ _tag }) => _tag === "Some")
    const message = server && isOfQueue
      ? "--server goes with neither a mode nor -p nor --wait nor --worker"
      : Option.isSome(worker) && [pidFile, wait].some(({ _tag }) => _tag === "Some")
      ? "--worker goes with neither -p nor --wait"
      : !server && Option.isNone(pidFile) && Option.isNone(worker)
      ? "Missing required flag: --pid-file"
      : undefined
    return message === undefined
      ? Effect.void
      : Effect.fail(new CliError.ValidationError({ message }))
  }),
  Command.withDescription("Ask a running queue to stop, or stop the embedded server")
)

const stopQueue = Effect.fnUntraced(function*(
  pidFile: string,
  mode: StopMode,
  wait: Option.Option<Duration.Duration>
) {
  const pid = yield* PidFiles.signal(pidFile, signalOf[mode])
  if (Option.isNone(wait)) return
  yield* PidFiles.isHeld(pidFile, pid).pipe(
    Effect.filterOrFail((isHeld) => !isHeld),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeout(wait.value),
    Effect.mapError(() =>
      new PidFileInvalid({ path: pidFile, issue: `process ${pid} has not ended yet` })
    )
  )
})

const stopServer = Effect.gen(function*() {
  const dataDir = yield* Home.ofUser
  const wasRunning = yield* EmbeddedPostgres.stop(dataDir)
  yield* EventLog.info(
    "server.stopped",
    wasRunning
      ? `stopped the embedded server in ${dataDir}`
      : `no embedded server runs in ${dataDir}`
  )
})
