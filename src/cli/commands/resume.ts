/**
 * `pgq resume`: ends a pause.
 */
import { Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import * as PauseInput from "../../domain/PauseInput.ts"
import * as Queues from "../../services/Queues.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as PauseText from "./PauseText.ts"

const input = {
  queue: Argument.String("queue").pipe(
    Argument.withDescription("The queue; '*' for the pause of all queues")
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  name: Flags.selection.name,
  json: JobSteps.json
}

export const resume = Command.make(
  "resume",
  input,
  Effect.fnUntraced(function*({ json, queue, ...given }) {
    const name = Option.getOrUndefined(given.name)
    // A mistake is reported before a connection is opened.
    const target = yield* Effect.fromResult(PauseInput.ofTarget({ queue, name }))
    const answer = yield* JobSteps.onDatabase(Queues.resume({ queue, name }), given)
    yield* Console.log(
      json ? PauseText.jsonOfAnswer(answer, target) : PauseText.ofAnswer(answer, target)
    )
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("End a pause"),
  Command.withExamples([{ command: "pgq resume mail", description: "A queue" }])
)
