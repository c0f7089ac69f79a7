/**
 * `pgq discard`: ends jobs for good that wait or block their lane.
 */
import { Console, Effect } from "effect"
import { Argument, Command } from "effect/cli"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import * as Retry from "../../services/Retry.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as ByHandText from "./ByHandText.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  ids: Argument.variadic(JobSteps.id, { min: 1 }),
  connection: Flags.connection,
  schema: Flags.schema,
  json: JobSteps.json
}

export const discard = Command.make(
  "discard",
  input,
  Effect.fnUntraced(function*({ ids, json, ...given }) {
    // A mistake is reported before a connection is opened.
    yield* Effect.fromResult(ByHandInput.ofJobs(ids))
    const answers = yield* JobSteps.onDatabase(Retry.discard(ids), given)
    yield* Console.log(ByHandText.ofAnswers(answers, { ids, json }))
    if (!answers.every(({ _tag }) => _tag === "Discarded" || _tag === "Finished")) {
      return yield* new ExitCode.ExitWith({ code: 1 })
    }
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("End jobs for good that wait or block their lane"),
  Command.withExamples([{ command: "pgq discard 42 43", description: "Two jobs" }])
)
