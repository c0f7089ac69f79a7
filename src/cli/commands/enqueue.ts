/**
 * `pgq enqueue`: adds one job, or with `--from` one for each line, and prints their ids.
 */
import { Array, Console, Effect, Option } from "effect"
import { Argument, CliError, Command, Flag } from "effect/cli"
import type { JobPattern } from "../../domain/ByHand.ts"
import { JobUnknown } from "../../domain/JobEnd.ts"
import * as QueueLive from "../../layers/QueueLive.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobAdding from "./JobAdding.ts"
import * as JobEnds from "./JobEnds.ts"
import * as JobLines from "./JobLines.ts"
import * as JobSteps from "./JobSteps.ts"

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
  unique: Flag.String("unique").pipe(
    Flag.withMetavar("KEY"),
    Flag.withDescription("At most one unfinished job of this name has this key"),
    Flag.optional
  ),
  mode: Flag.Literals("mode", ["keep", "replace", "reject"]).pipe(
    Flag.withDescription("For a job whose unique key another one has; else keep"),
    Flag.optional
  ),
  within: Flags.duration("within").pipe(
    Flag.withDescription("The unique key stays taken for so long, even if the job has ended"),
    Flag.optional
  ),
  debounce: Flags.duration("debounce").pipe(
    Flag.withDescription("The job starts when none with its unique key has come for so long"),
    Flag.optional
  ),
  maxWait: Flags.duration("max-wait").pipe(
    Flag.withDescription("With --debounce, it starts after this time at the latest"),
    Flag.optional
  ),
  maxAttempts: Flag.Int("max-attempts").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Attempts before the job fails for good"),
    Flag.optional
  ),
  like: Flag.String("like").pipe(
    Flag.withMetavar("ID"),
    Flag.filterMap(JobSteps.parseId, (text) => `"${text}" is not the id of a job`),
    Flag.withDescription("Take what is not given from this job, which may have ended"),
    Flag.optional
  ),
  from: Flag.String("from").pipe(
    Flag.withMetavar("FILE"),
    Flag.withDescription(
      "Add a job for each line, all or none: {\"name\", \"payload\", \"key\", \"priority\", " +
        "\"queue\", \"runAt\", \"delay\", \"expiresAt\", \"expiresIn\", \"uniqueKey\", " +
        "\"mode\"}; - reads standard input"
    ),
    Flag.optional
  ),
  await: Flag.Boolean("await").pipe(
    Flag.withDescription("Wait until the job has ended, and print its result in place of its id"),
    Flag.withDefault(false)
  ),
  timeout: Flags.duration("timeout").pipe(
    Flag.withDescription("With --await: how long to wait; else until the job has ended"),
    Flag.optional
  )
}

export const enqueue = Command.make(
  "enqueue",
  input,
  Effect.fnUntraced(function*({ from, like, ...given }) {
    // A mistake in the jobs is reported before a connection is opened.
    const jobs = yield* Option.isSome(from)
      ? JobLines.read(from.value)
      : Effect.map(one(given, Option.isSome(like) ? anyJob : undefined), Array.of)
    yield* Effect.provide(
      Option.isSome(like) ? addLike(like.value, given) : add(jobs, given),
      Database.layer(given)
    )
  }, ExitCode.bySignal)
).pipe(
  Command.validate((given) => {
    const message = mistake(given)
    return message === undefined
      ? Effect.void
      : Effect.fail(new CliError.ValidationError({ message }))
  }),
  Command.withDescription("Add jobs and print their ids, or the result of one"),
  Command.withExamples([
    { command: "pgq enqueue send-email '{\"to\": \"a@b.c\"}' --key a@b.c", description: "One job" },
    {
      command: "pgq enqueue sync-user '{\"userId\": 7}' --unique u-7 --mode replace",
      description: "One unfinished job with this key"
    },
    { command: "pgq enqueue --like 42 --priority 10", description: "A job like another one" },
    { command: "pgq enqueue --from jobs.ndjson", description: "A job for each line" },
    { command: "pgq enqueue sum '[1, 2]' --await --timeout 30s", description: "Print its result" }
  ])
)

type Input = Command.Command.Config.Infer<typeof input>

const mistake = (
  { await: isAwaited, from, like, name, timeout, ...given }: Input
): string | undefined => {
  const { debounce, delay, expiresIn, maxWait, mode, runAt, unique, within, ...others } = given
  const { key, maxAttempts, payload, priority, queue } = others
  const isOfUnique = isAny([mode, within, debounce, maxWait])
  if (Option.isSome(timeout) && !isAwaited) return "--timeout goes with --await"
  if (Option.isSome(from) && isAwaited) return "--await waits for one job, and --from adds many"
  if (Option.isSome(from)) {
    return Option.isSome(name) || isOfUnique ||
        isAny([payload, key, priority, queue, runAt, delay, expiresIn, unique]) ||
        isAny([like, maxAttempts])
      ? "--from takes everything from its lines"
      : undefined
  }
  return Option.isNone(name) && Option.isNone(like)
    ? "Missing required argument: name"
    : Option.isSome(runAt) && Option.isSome(delay)
    ? "--run-at and --delay exclude each other"
    : isOfUnique && Option.isNone(unique)
    ? "--mode, --within, --debounce and --max-wait go with --unique"
    : Option.isSome(debounce) !== Option.isSome(maxWait)
    ? "--debounce and --max-wait go together"
    : Option.isSome(debounce) && isAny([mode, within, delay, runAt])
    ? "--debounce goes with neither --mode and --within nor --delay and --run-at"
    : undefined
}

const isAny = (given: ReadonlyArray<Option.Option<unknown>>) => given.some(Option.isSome)

type OneJob = Omit<Input, "await" | "connection" | "from" | "like" | "schema" | "timeout">

const anyJob: JobPattern = {
  queue: "any",
  name: "any",
  payload: "{}",
  key: undefined,
  priority: 0,
  maxAttempts: undefined
}

/** The job that the flags name. The pattern fills in the rest. */
const one = (given: OneJob, pattern?: JobPattern) =>
  JobLines.one(
    Option.getOrElse(given.name, () => pattern?.name ?? ""),
    Option.getOrElse(given.payload, () => pattern?.payload ?? "{}"),
    {
      delay: Option.getOrUndefined(given.delay),
      expiresIn: Option.getOrUndefined(given.expiresIn),
      key: Option.getOrElse(given.key, () => pattern?.key),
      maxAttempts: Option.getOrElse(given.maxAttempts, () => pattern?.maxAttempts),
      priority: Option.getOrElse(given.priority, () => pattern?.priority),
      queue: Option.getOrElse(given.queue, () => pattern?.queue),
      runAt: Option.getOrUndefined(given.runAt),
      uniqueKey: Option.getOrUndefined(given.unique)
    },
    uniquenessOf(given)
  )

const uniquenessOf = ({ debounce, maxWait, mode, within }: OneJob) =>
  Option.isSome(debounce)
    ? { debounce: { wait: debounce.value, maxWait: Option.getOrUndefined(maxWait) } }
    : {
      unique: { mode: Option.getOrUndefined(mode), within: Option.getOrUndefined(within) }
    }

type Waiting = Pick<Input, "await" | "timeout">

const addLike = Effect.fnUntraced(function*(id: bigint, given: OneJob & Waiting) {
  const { schema } = yield* Database.Database
  yield* Database.ready
  const pattern = yield* Effect.provide(
    JobControl.use((control) => control.like(id)),
    QueueLive.client({ schema })
  )
  if (pattern === undefined) return yield* new JobUnknown({ id })
  yield* add([yield* one(given, pattern)], given)
})

const add = Effect.fnUntraced(function*(
  jobs: ReadonlyArray<JobLines.JobLine>,
  { await: isAwaited, timeout }: Waiting
) {
  const { notify, schema } = yield* Database.Database
  yield* Database.ready
  const adding = Effect.gen(function*() {
    const ids = yield* JobAdding.add(jobs)
    const [only] = ids
    if (isAwaited && only !== undefined) {
      return yield* Effect.tapErrorTag(
        JobEnds.print(only, timeout),
        "StoreError",
        () => Console.error(`pgq: job ${only} was added, and goes on`)
      )
    }
    if (ids.length > 0) yield* Console.log(ids.join("\n"))
  })
  yield* Effect.provide(adding, QueueLive.client({ schema, notify }))
})
