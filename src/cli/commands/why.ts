/**
 * `pgq why`: says why jobs wait, and what would move them.
 */
import { Clock, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import * as Why from "../../domain/Why.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as WhyText from "./WhyText.ts"

const input = {
  ids: Argument.variadic(JobSteps.id),
  connection: Flags.connection,
  schema: Flags.schema,
  queue: Flag.String("queue").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("Say why nothing of this queue starts"),
    Flag.optional
  ),
  json: JobSteps.json
}

export const why = Command.make(
  "why",
  input,
  Effect.fnUntraced(function*({ ids, json, queue: of, ...given }) {
    const queue = Option.getOrUndefined(of)
    // A mistake is reported before a connection is opened.
    yield* Effect.fromResult(ByHandInput.ofJobs(ids))
    const answers = yield* JobSteps.onDatabase(ask(ids, queue), given)
    const now = yield* Clock.currentTimeMillis
    yield* JobSteps.say({
      text: json ? WhyText.json(answers) : WhyText.ofAll(answers, now),
      isDone: answers.every(({ why }) => why.verdict !== "unknown")
    })
  }, ExitCode.bySignal)
).pipe(
  Command.validate((given) => JobSteps.refuse(mistake(given))),
  Command.withDescription("Say why jobs wait, and what would move them"),
  Command.withExamples([
    { command: "pgq why 42", description: "One job" },
    { command: "pgq why --queue email", description: "Why does nothing of this queue start?" }
  ])
)

const mistake = (
  { ids, queue }: Command.Command.Config.Infer<typeof input>
): string | undefined =>
  (ids.length > 0) === Option.isSome(queue) ? "name jobs by their ids, or a queue" : undefined

const ask = Effect.fnUntraced(function*(ids: ReadonlyArray<bigint>, queue: string | undefined) {
  const control = yield* JobControl
  if (queue !== undefined) {
    return [{ of: `queue ${queue}`, why: Why.of(yield* control.whyQueue(queue)) }]
  }
  return yield* Effect.forEach(
    ids,
    (id) =>
      Effect.map(control.why(id), (reasons) => ({ of: `job ${id}`, id, why: Why.of(reasons) }))
  )
})
