/**
 * `pgq cancel`: cancels single jobs, or all of a queue, of a name or with a key.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as CancelInput from "../../domain/CancelInput.ts"
import type { CancelFilter, Cancellation } from "../../domain/Cancellation.ts"
import { JobInvalid } from "../../domain/Errors.ts"
import * as Cancel from "../../services/Cancel.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as CancelText from "./CancelText.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  ids: Argument.variadic(JobSteps.id),
  connection: Flags.connection,
  schema: Flags.schema,
  reason: Flag.String("reason").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Why; stands in the history of the jobs"),
    Flag.optional
  ),
  wait: Flags.duration("wait").pipe(
    Flag.withDescription("How long to wait for jobs that run; else not at all"),
    Flag.optional
  ),
  queue: Flags.selection.queue,
  name: Flags.selection.name,
  key: Flags.selection.key,
  state: Flag.Literals("state", ["waiting", "running"]).pipe(
    Flag.withDescription("Only jobs that wait, or only those that a worker has; else both"),
    Flag.optional
  ),
  limit: JobSteps.limit("The most jobs to cancel, the oldest of them; else all"),
  yes: JobSteps.yes("Do cancel all jobs that these flags name"),
  json: JobSteps.json
}

type Input = Command.Command.Config.Infer<typeof input>

export const cancel = Command.make(
  "cancel",
  input,
  Effect.fnUntraced(function*(given) {
    yield* JobSteps.say(yield* given.ids.length > 0 ? these(given) : those(given))
  }, ExitCode.bySignal)
).pipe(
  Command.validate((given) => JobSteps.refuse(mistake(given))),
  Command.withDescription("Cancel jobs that wait or run"),
  Command.withExamples([
    { command: "pgq cancel 42 43 --wait 30s", description: "Two jobs, until they have ended" },
    { command: "pgq cancel --queue mail --key a@b.c --yes", description: "All jobs of a key" }
  ])
)

const mistake = ({ ids, key, limit, name, queue, state, wait, yes }: Input): string | undefined => {
  const isFilter = JobSteps.isGiven([queue, name, key])
  return ids.length > 0 && (isFilter || JobSteps.isGiven([state, limit]) || yes)
    ? "ids go with neither --queue, --name, --key, --state and --limit nor --yes"
    : ids.length === 0 && !isFilter
    ? "Missing required argument: id, or one of --queue, --name and --key"
    : ids.length === 0 && JobSteps.isGiven([wait])
    ? "--wait goes with ids alone"
    : undefined
}

/** Cancels single jobs. */
const these = Effect.fnUntraced(function*({ ids, json, reason, wait, ...given }: Input) {
  const options = { reason: Option.getOrUndefined(reason), wait: Option.getOrUndefined(wait) }
  // A mistake is reported before a connection is opened.
  yield* Effect.fromResult(CancelInput.ofJobs(ids, options))
  const answers = yield* JobSteps.onDatabase(Cancel.each(ids, options), given)
  const isDone = (answer: Cancellation) =>
    answer._tag === "Cancelled" || answer._tag === "Finished" ||
    (answer._tag === "Stopping" && options.wait === undefined)
  const said: JobSteps.Said = {
    text: json
      ? JSON.stringify(answers.map((answer, n) => CancelText.jsonOf(answer, ids[n])), undefined, 2)
      : answers.map((answer, n) => `${ids[n]} ${CancelText.ofAnswer(answer)}`).join("\n"),
    isDone: answers.every(isDone)
  }
  return said
})

/** Cancels all jobs that the flags name. */
const those = Effect.fnUntraced(function*({ json, yes, ...given }: Input) {
  const reason = Option.getOrUndefined(given.reason)
  const filter = yield* Effect.fromResult(CancelInput.ofMany({
    queue: Option.getOrUndefined(given.queue),
    name: Option.getOrUndefined(given.name),
    key: Option.getOrUndefined(given.key),
    states: Option.getOrUndefined(Option.map(given.state, (state) => [state])),
    limit: Option.getOrUndefined(given.limit)
  }, { reason }))
  if (!yes) {
    return yield* new JobInvalid({
      issue: "nothing was cancelled: to cancel all these jobs, add --yes"
    })
  }
  const counts = yield* JobSteps.onDatabase(inSteps(filter, reason), given)
  const said: JobSteps.Said = {
    text: json ? JSON.stringify(counts, undefined, 2) : CancelText.ofCounts(counts),
    isDone: counts.held === 0
  }
  return said
})

const inSteps = (filter: CancelFilter, reason: string | undefined) => {
  const say = JobSteps.progress((text) => Log.print([`pgq: until now: ${text}`]))
  return Cancel.inSteps(filter, {
    reason,
    onStep: (counts) =>
      say(counts.cancelled + counts.stopping + counts.held, CancelText.ofCounts(counts))
  })
}
