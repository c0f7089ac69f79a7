/**
 * `pgq undo`: puts the jobs of an operation back as they were.
 */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { Operations } from "../../services/Operations.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as OperationText from "./OperationText.ts"

const input = {
  id: Argument.String("id").pipe(Argument.withDescription("The id of an operation")),
  connection: Flags.connection,
  schema: Flags.schema,
  json: JobSteps.json
}

export const undo = Command.make(
  "undo",
  input,
  Effect.fnUntraced(function*({ id, json, ...given }) {
    const undone = yield* JobSteps.onDatabase(Operations.use((all) => all.undo(id)), given)
    yield* JobSteps.say({
      text: json ? JSON.stringify(undone, undefined, 2) : OperationText.ofOne(undone),
      isDone: undone.undone === undone.done
    })
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Put the jobs of an operation back as they were"),
  Command.withExamples([{
    command: "pgq undo 5f0c3d0e-6a53-4c8e-9b6e-0c5b7f6f5a11",
    description: "As far as nobody has had the jobs since"
  }])
)
