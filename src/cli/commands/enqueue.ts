/**
 * `pgq enqueue`: adds one job, or with `--from` one for each line, and prints their ids.
 */
import { Array, Console, Effect, Option } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import * as QueueLive from "../../layers/QueueLive.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobAdding from "./JobAdding.ts"
import * as JobLines from "./JobLines.ts"

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
  expiresIn: Flags.duration("expires-in").pipe(
    Flag.withDescription("End the job if it has not ended so long after it may start"),
    Flag.optional
  ),
  from: Flag.String("from").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription(
      "Add a job for each line, all or none: {\"name\", \"payload\", \"key\", \"priority\", " +
        "\"queue\", \"runAt\", \"delay\", \"expiresAt\", \"expiresIn\"}; - reads standard input"
    ),
    Flag.optional
  )
}

export const enqueue = Command.make(
  "enqueue",
  input,
  Effect.fnUntraced(function*({ from, ...given }) {
    // A mistake in the jobs is reported before a connection is opened.
    const jobs = yield* Option.isSome(from)
      ? JobLines.read(from.value)
      : Effect.map(one(given), Array.of)
    yield* Effect.provide(add(jobs), Database.layer(given))
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ delay, expiresIn, from, key, name, payload, priority, queue, runAt }) => {
    const inLines = [payload, key, priority, queue, runAt, delay, expiresIn].some((each) =>
      each._tag === "Some"
    )
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

const one = (given: OneJob) =>
  JobLines.one(
    Option.getOrElse(given.name, () => ""),
    Option.getOrElse(given.payload, () => "{}"),
    {
      delay: Option.getOrUndefined(given.delay),
      expiresIn: Option.getOrUndefined(given.expiresIn),
      key: Option.getOrUndefined(given.key),
      priority: Option.getOrUndefined(given.priority),
      queue: Option.getOrUndefined(given.queue),
      runAt: Option.getOrUndefined(given.runAt)
    }
  )

const add = Effect.fnUntraced(function*(jobs: ReadonlyArray<JobLines.JobLine>) {
  const { schema } = yield* Database.Database
  yield* Database.ready
  const ids = yield* Effect.provide(JobAdding.add(jobs), QueueLive.client({ schema }))
  if (ids.length > 0) yield* Console.log(ids.join("\n"))
})
