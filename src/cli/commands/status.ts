/**
 * `pgq status`: asks a running worker by signal, or reads the database.
 */
import { Console, Duration, Effect, Option } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as PgSchema from "../../layers/postgres/PgSchema.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as PidFiles from "../process/PidFiles.ts"
import * as StatusText from "../StatusText.ts"

const input = {
  connection: Flags.connection,
  schema: Flags.schema,
  pidFile: Flag.optional(Flags.pidFile),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print the database's status as JSON"),
    Flag.withDefault(false)
  )
}

export const status = Command.make(
  "status",
  input,
  Effect.fnUntraced(function*({ json, pidFile, ...given }) {
    if (Option.isNone(pidFile)) {
      return yield* Effect.provide(ofDatabase(json), Database.layer(given))
    }
    yield* PidFiles.signal(pidFile.value, "SIGUSR1")
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ connection, json, pidFile }) =>
    Option.isSome(pidFile) && (Option.isSome(connection) || json)
      ? Effect.fail(
        new CliError.ValidationError({
          message: "-p asks the running queue, which answers on its own stderr; " +
            "it goes with neither -c nor --json"
        })
      )
      : Effect.void
  ),
  Command.withDescription("Show what a queue or a database is doing")
)

const ofDatabase = Effect.fnUntraced(function*(isJson: boolean) {
  const { schema } = yield* Database.Database
  yield* PgSchema.check({ schema })
  const { counts, workers } = yield* JobAdmin.use(({ counts, workers }) =>
    Effect.all({ counts, workers })
  ).pipe(Effect.provide(QueueLive.client({ schema })))
  if (isJson) {
    const aged = workers.map(({ age, ...worker }) => ({
      ...worker,
      ageSeconds: Duration.toSeconds(age)
    }))
    return yield* Console.log(JSON.stringify({ queues: counts, workers: aged }, undefined, 2))
  }
  const queueRows = counts.map((row) => [
    row.queue,
    row.ready,
    row.waiting,
    row.running,
    row.scheduled,
    row.paused,
    row.completed,
    row.failed,
    row.cancelled,
    row.expired,
    row.discarded
  ])
  const workerRows = workers.map((worker) => [
    `${worker.host}:${worker.pid}`,
    worker.label,
    worker.queues.join(","),
    worker.mode,
    worker.concurrency,
    worker.running,
    StatusText.age(worker.age)
  ])
  yield* Console.log(StatusText.table(queueHead, queueRows))
  yield* Console.log("")
  yield* Console.log(StatusText.table(workerHead, workerRows))
})

const queueHead = [
  "queue",
  "ready",
  "waiting",
  "running",
  "scheduled",
  "paused",
  "completed",
  "failed",
  "cancelled",
  "expired",
  "discarded"
]
const workerHead = ["worker", "label", "queues", "mode", "at once", "running", "up"]
