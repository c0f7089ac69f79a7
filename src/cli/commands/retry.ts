/**
 * `pgq retry`: tries single jobs again, or all that failed in a queue, of a name or since a time.
 */
import { Clock, Duration, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { CopyAnswer, RetryAnswer } from "../../domain/ByHand.ts"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import { JobInvalid } from "../../domain/Errors.ts"
import * as Retry from "../../services/Retry.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as ByHandText from "./ByHandText.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  ids: Argument.variadic(JobSteps.id),
  connection: Flags.connection,
  schema: Flags.schema,
  queue: Flags.selection.queue,
  name: Flags.selection.name,
  since: Flags.duration("since").pipe(
    Flag.withDescription("Only jobs that ended at most this long ago"),
    Flag.optional
  ),
  outcome: Flag.Literals("outcome", ["failed", "crashed", "cancelled", "expired", "discarded"])
    .pipe(
      Flag.withDescription("How the jobs ended; else failed or crashed"),
      Flag.optional
    ),
  error: Flag.String("error").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("A part of the jobs' errors"),
    Flag.optional
  ),
  limit: JobSteps.limit("The most jobs to try again, the oldest of them; else all"),
  rate: Flag.String("rate").pipe(
    Flag.withMetavar("RATE"),
    Flag.withDescription(
      "Let so many jobs start in a time: 100/s, 20/min, 500/h; else all at once"
    ),
    Flag.optional
  ),
  priority: Flag.Int("priority").pipe(
    Flag.withDescription("The new priority of the jobs; higher runs first"),
    Flag.optional
  ),
  maxAttempts: Flag.Int("max-attempts").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Attempts before one of the jobs fails for good"),
    Flag.optional
  ),
  as: Flag.Literals("as", ["same", "new"]).pipe(
    Flag.withDescription(
      "With ids: queue finished jobs again as the same jobs, or add new ones like them; else same"
    ),
    Flag.optional
  ),
  yes: JobSteps.yes("Do try all jobs again that these flags name"),
  json: JobSteps.json
}

type Input = Command.Command.Config.Infer<typeof input>

export const retry = Command.make(
  "retry",
  input,
  Effect.fnUntraced(function*(given) {
    yield* JobSteps.say(yield* given.ids.length > 0 ? these(given) : those(given))
  }, ExitCode.bySignal)
).pipe(
  Command.validate((given) => JobSteps.refuse(mistake(given))),
  Command.withDescription("Queue failed jobs again, and let waiting jobs start at once"),
  Command.withExamples([
    { command: "pgq retry 42 43", description: "Two jobs" },
    { command: "pgq retry 42 --as new", description: "Add a job like it, whatever became of it" },
    { command: "pgq retry --name charge --since 1d --yes", description: "All failures of a day" }
  ])
)

const mistake = ({ as, ids, yes, ...given }: Input): string | undefined => {
  const { error, limit, maxAttempts, name, outcome, priority, queue, rate, since } = given
  const isFilter = JobSteps.isGiven([queue, name, since, outcome, error])
  const isOfMany = JobSteps.isGiven([limit, rate, priority, maxAttempts])
  return ids.length > 0 && (isFilter || isOfMany || yes)
    ? "ids go with neither --queue, --name, --since, --outcome, --error, --limit, --rate, " +
      "--priority and --max-attempts nor --yes"
    : ids.length === 0 && !isFilter
    ? "Missing required argument: id, or one of --queue, --name, --since, --outcome and --error"
    : ids.length === 0 && JobSteps.isGiven([as])
    ? "--as goes with ids"
    : undefined
}

/** Tries single jobs again. */
const these = Effect.fnUntraced(function*({ as, ids, json, ...given }: Input) {
  // A mistake is reported before a connection is opened.
  yield* Effect.fromResult(ByHandInput.ofJobs(ids))
  const isNew = Option.getOrUndefined(as) === "new"
  const answers: ReadonlyArray<RetryAnswer | CopyAnswer> = yield* isNew
    ? JobSteps.onDatabase(Retry.retry(ids, { as: "new" }), given)
    : JobSteps.onDatabase(Retry.retry(ids), given)
  const said: JobSteps.Said = {
    text: ByHandText.ofAnswers(answers, { ids, json }),
    isDone: answers.every(({ _tag }) => !undone.includes(_tag))
  }
  return said
})

const undone: ReadonlyArray<string> = ["Held", "Conflict", "Unfinished", "Unknown"]

/** Queues all jobs again that the flags name. */
const those = Effect.fnUntraced(function*({ json, yes, ...given }: Input) {
  const limit = Option.getOrUndefined(given.limit)
  const now = yield* Clock.currentTimeMillis
  const filter = yield* Effect.fromResult(ByHandInput.ofMany({
    queue: Option.getOrUndefined(given.queue),
    name: Option.getOrUndefined(given.name),
    outcome: Option.getOrUndefined(given.outcome),
    errorLike: Option.getOrUndefined(given.error),
    since: Option.getOrUndefined(
      Option.map(given.since, (time) => new Date(now - Duration.toMillis(time)))
    )
  }, { limit }))
  const perSecond = yield* Effect.fromResult(
    ByHandInput.ofRate(Option.getOrUndefined(given.rate))
  )
  const edit = yield* Effect.fromResult(ByHandInput.ofRetryEdit({
    priority: Option.getOrUndefined(given.priority),
    maxAttempts: Option.getOrUndefined(given.maxAttempts)
  }))
  if (!yes) {
    return yield* new JobInvalid({
      issue: "nothing was queued again: to try all these jobs again, add --yes"
    })
  }
  const say = JobSteps.progress((text) => Log.print([`pgq: until now: ${text}`]))
  const counts = yield* JobSteps.onDatabase(
    Retry.inSteps(filter, {
      limit,
      perSecond,
      edit,
      onStep: (now) => say(now.redriven + now.conflicts + now.held, ByHandText.ofCounts(now))
    }),
    given
  )
  const said: JobSteps.Said = {
    text: json ? JSON.stringify(counts, undefined, 2) : ByHandText.ofCounts(counts),
    isDone: counts.held + counts.conflicts === 0
  }
  return said
})
