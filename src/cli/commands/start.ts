/**
 * `pgq start`: a worker in this process, or with `-q N` in N child processes.
 */
import { Duration, Effect, Metric, Option } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as LogFormat from "../LogFormat.ts"
import * as Exported from "../process/Exported.ts"
import type * as Observed from "../process/Observed.ts"
import * as PidFiles from "../process/PidFiles.ts"
import * as Supervisor from "../process/Supervisor.ts"
import * as WorkerProcess from "../process/WorkerProcess.ts"

const flags = {
  connection: Flags.connection,
  schema: Flags.schema,
  workers: Flags.count("workers").pipe(
    Flag.withAlias("w"),
    Flag.withDescription("How many jobs run at once in each process; else 5"),
    Flag.withDefault(5)
  ),
  file: Flag.String("file").pipe(
    Flag.withAlias("f"),
    Flag.withMetavar("SCRIPT"),
    Flag.withDescription("The job script: a module that exports setupJobs(queue, arg)")
  ),
  arg: Flag.String("arg").pipe(
    Flag.withAlias("a"),
    Flag.withDescription("A string for setupJobs; else empty"),
    Flag.withDefault("")
  ),
  pidFile: Flag.optional(Flags.pidFile),
  processes: Flags.count("processes").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Work in this many child processes, and replace those that crash"),
    Flag.optional
  ),
  queues: Flag.String("queue").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("A queue to work on, may be repeated; else default"),
    Flag.atLeast(0)
  ),
  cooperative: Flag.Literals("cooperative", ["row-lock", "advisory", "solo"]).pipe(
    Flag.withDescription("How processes keep out of each other's way; else row-lock"),
    Flag.withDefault("row-lock")
  ),
  advisoryKey: Flags.advisoryKey,
  grace: Flags.duration("grace").pipe(
    Flag.withDescription("How long cancelled jobs may clean up; else 30s"),
    Flag.withDefault(Duration.seconds(30))
  ),
  hangLimit: Flags.durationOrNever("hang-limit").pipe(
    Flag.withDescription("Kill a process whose thread one job keeps for so long; else 10m"),
    Flag.withDefault(Duration.minutes(10))
  ),
  stuckAfter: Flags.durationOrNever("stuck-after").pipe(
    Flag.withDescription("When a run that was interrupted and goes on counts as stuck; else 30s"),
    Flag.withDefault(Duration.seconds(30))
  ),
  onStuck: Flag.Literals("on-stuck", ["wait", "kill"]).pipe(
    Flag.withDescription("Wait for a stuck run, or kill its process; else wait"),
    Flag.withDefault("wait")
  ),
  startLimit: Flags.durationOrNever("start-limit").pipe(
    Flag.withDescription(
      "Kill a child process that does not begin to work within this time; else 1m"
    ),
    Flag.withDefault(Duration.minutes(1))
  ),
  probes: Flags.address("probes").pipe(
    Flag.withDescription("Answer /healthz/startup, ready, live, and /metrics, at this address"),
    Flag.optional
  ),
  aliveFile: Flag.String("alive-file").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription("Touch this file every 5 seconds while the process lives"),
    Flag.optional
  ),
  logFormat: Flag.Literals("log-format", LogFormat.formats).pipe(
    Flag.withDescription("The form of the lines on stderr; else pretty"),
    Flag.withDefault("pretty")
  ),
  notify: Flag.Literals("notify", ["listen", "poll"]).pipe(
    Flag.withDescription("Be woken by LISTEN, or look by the clock; else PGQ_NOTIFY, listen"),
    Flag.optional
  )
}

type Input = Command.Command.Config.Infer<typeof flags>

const run = Effect.fnUntraced(function*(input: Input, exporting: Observed.Exporting) {
  const workerId = yield* WorkerProcess.idFromParent
  if (workerId !== undefined) {
    // The parent has resolved `-c` and passes the connection on as PGQ_URL.
    return yield* WorkerProcess.run({ ...input, connection: Option.none(), exporting, workerId })
  }

  if (Option.isSome(input.pidFile)) yield* PidFiles.hold(input.pidFile.value, input.probes)
  return yield* Option.isSome(input.processes)
    ? Supervisor.run({ ...input, exporting, processes: input.processes.value })
    : WorkerProcess.run({ ...input, exporting, workerId })
}, Effect.scoped)

export const start = Command.make("start", flags, (input) =>
  Effect.gen(function*() {
    yield* Log.use(input.logFormat)
    const isExported = yield* Exported.isExported
    const running = run(input, { isExported, metricsScope: yield* Effect.scope })
    yield* isExported ? Exported.exported(running) : running
  }).pipe(
    Effect.scoped,
    // The modules of a job script would have a registry of their own.
    Effect.provideServiceEffect(
      Metric.MetricRegistry,
      Effect.sync((): Metric.MetricRegistry => new Map())
    )
  )).pipe(
    Command.validate(({ advisoryKey, cooperative }) => {
      const isAdvisory = cooperative === "advisory"
      if (isAdvisory === Option.isSome(advisoryKey)) return Effect.void
      const message = isAdvisory
        ? "--cooperative advisory needs --advisory-key"
        : "--advisory-key needs --cooperative advisory"
      return Effect.fail(new CliError.ValidationError({ message }))
    }),
    Command.withDescription("Work on jobs until a signal asks to stop"),
    Command.withExamples([
      { command: "pgq start -c dbname=app -f jobs.ts", description: "Five jobs at once" },
      { command: "pgq start -f jobs.ts -w 20 -q 4 -p app.pid", description: "Four processes" }
    ])
  )
