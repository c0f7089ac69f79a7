/**
 * `pgq enqueue`: adds one job, or with `--from` one for each line, and prints their ids.
 */
import { Array, Console, Effect, FileSystem, Option, Schema, Stdio, Stream } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import { SqlClient, SqlError } from "effect/sql"
import { JobInvalid, SettingInvalid } from "../domain/Errors.ts"
import { type EnqueueOptions, newJob, type NewJob } from "../domain/Job.ts"
import { storeError } from "../layers/PgError.ts"
import * as QueueLive from "../layers/QueueLive.ts"
import { JobRepo } from "../services/JobRepo.ts"
import * as Database from "./Database.ts"
import * as Ending from "./Ending.ts"
import * as Flags from "./Flags.ts"

const input = {
  name: Argument.optional(Argument.String("name")),
  payload: Argument.String("payload").pipe(
    Argument.withDescription("JSON; else {}"),
    Argument.optional
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  queue: Flag.optional(Flag.String("queue")),
  key: Flag.String("key").pipe(
    Flag.withDescription("Jobs that share a key run one at a time, in order"),
    Flag.optional
  ),
  priority: Flag.Int("priority").pipe(
    Flag.withDescription("Higher runs first; else 0"),
    Flag.optional
  ),
  runAt: Flag.optional(Flags.moment("run-at")),
  delay: Flag.optional(Flags.duration("delay")),
  from: Flag.String("from").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription(
      "Add a job for each line, all or none: {\"name\", \"payload\", \"key\", \"priority\", " +
        "\"queue\", \"runAt\", \"delay\"}; - reads standard input"
    ),
    Flag.optional
  )
}

export const enqueue = Command.make(
  "enqueue",
  input,
  Effect.fnUntraced(function*({ from, ...given }) {
    // What is wrong with the jobs is said before anything is connected to.
    const jobs = yield* Option.isSome(from) ? fromLines(from.value) : Effect.map(one(given), Array.of)
    yield* Effect.provide(add(jobs), Database.layer(given))
  }, Ending.bySignal)
).pipe(
  Command.validate(({ delay, from, key, name, payload, priority, queue, runAt }) => {
    const inLines = [payload, key, priority, queue, runAt, delay].some((each) => each._tag === "Some")
    const message = Option.isSome(from) && (Option.isSome(name) || inLines)
      ? "--from takes everything from its lines"
      : Option.isNone(from) && Option.isNone(name)
      ? "Missing required argument: name"
      : Option.isSome(runAt) && Option.isSome(delay)
      ? "--run-at and --delay exclude each other"
      : undefined
    return message === undefined
      ? Effect.void
      : Effect.fail(new CliError.ValidationError({ message }))
  }),
  Command.withDescription("Add jobs and print their ids"),
  Command.withExamples([
    { command: "pgq enqueue send-email '{\"to\": \"a@b.c\"}' --key a@b.c", description: "One job" },
    { command: "pgq enqueue --from jobs.ndjson", description: "A job for each line" }
  ])
)

type OneJob = Omit<Command.Command.Config.Infer<typeof input>, "connection" | "from" | "schema">

const one = Effect.fnUntraced(function*(given: OneJob) {
  const { delay, key, name, payload, priority, queue, runAt } = given
  const json = yield* parseJson("the payload", Option.getOrElse(payload, () => "{}"))
  return yield* toJob(Option.getOrElse(name, () => ""), json, {
    delay: Option.getOrUndefined(delay),
    key: Option.getOrUndefined(key),
    priority: Option.getOrUndefined(priority),
    queue: Option.getOrUndefined(queue),
    runAt: Option.getOrUndefined(runAt)
  })
})

const toJob = (name: string, payload: unknown, options: EnqueueOptions) =>
  // Written again, so that what is stored is what was checked.
  Effect.fromResult(newJob(name, JSON.stringify(payload), options))

const add = Effect.fnUntraced(function*(jobs: ReadonlyArray<NewJob>) {
  const { schema } = yield* Database.Database
  yield* Database.ready
  const sql = yield* SqlClient.SqlClient
  const ids = yield* Effect.gen(function*() {
    const repo = yield* JobRepo
    const [only, ...others] = Array.chunksOf(jobs, 1000).map(repo.enqueue)
    if (others.length === 0) return yield* only ?? Effect.succeed([])
    return (yield* sql.withTransaction(Effect.all([only!, ...others]))).flat()
  }).pipe(
    // A connection lost in a transaction arrives as a defect.
    Effect.catchDefect((defect) => SqlError.isSqlError(defect) ? Effect.fail(defect) : Effect.die(defect)),
    Effect.catchTag("SqlError", (error) => Effect.fail(storeError("enqueue")(error))),
    Effect.provide(QueueLive.client({ schema }))
  )
  yield* Effect.forEach(ids, (id) => Console.log(String(id)), { discard: true })
})

/** One line of `--from`. */
const Line = Schema.Struct({
  name: Schema.String,
  payload: Schema.optionalKey(Schema.Unknown),
  key: Schema.optionalKey(Schema.String),
  priority: Schema.optionalKey(Schema.Number),
  queue: Schema.optionalKey(Schema.String),
  runAt: Schema.optionalKey(Schema.String),
  delay: Schema.optionalKey(Schema.String)
})

const fromLines = Effect.fnUntraced(function*(path: string) {
  const text = yield* Effect.mapError(
    read(path),
    (error) => new SettingInvalid({ setting: "--from", issue: error.message })
  )
  const lines = text.split("\n").map((line, index) => ({ line, where: `${path}:${index + 1}` }))
  return yield* Effect.forEach(
    lines.filter(({ line }) => line.trim() !== ""),
    ({ line, where }) =>
      Effect.mapError(ofLine(line), ({ issue }) => new JobInvalid({ issue: `${where}: ${issue}` }))
  )
})

const read = Effect.fnUntraced(function*(path: string) {
  const stdio = yield* Stdio.Stdio
  const files = yield* FileSystem.FileSystem
  return yield* path === "-"
    ? Stream.mkString(Stream.decodeText(stdio.stdin))
    : files.readFileString(path)
})

const ofLine = Effect.fnUntraced(function*(line: string) {
  const json = yield* parseJson("the line", line)
  const { delay, name, payload, runAt, ...options } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Line)(json, { onExcessProperty: "error" }),
    ({ message }) => new JobInvalid({ issue: message })
  )
  return yield* toJob(name, payload ?? {}, {
    ...options,
    runAt: yield* orRefuse("runAt", runAt, Flags.parseMoment),
    delay: yield* orRefuse("delay", delay, Flags.parseDuration)
  })
})

const orRefuse = <A>(
  what: string,
  text: string | undefined,
  parse: (text: string) => Option.Option<A>
): Effect.Effect<A | undefined, JobInvalid> =>
  text === undefined
    ? Effect.succeed(undefined)
    : Effect.mapError(
      Effect.fromOption(parse(text)),
      () => new JobInvalid({ issue: `${what} "${text}" cannot be read` })
    )

const parseJson = (what: string, text: string): Effect.Effect<unknown, JobInvalid> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) =>
      new JobInvalid({
        issue: `${what} is not JSON: ${error instanceof Error ? error.message : String(error)}`
      })
  })
