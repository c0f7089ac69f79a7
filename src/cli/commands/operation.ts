/**
 * `pgq operation`: shows what became of each job of an operation.
 */
import { Console, Effect } from "effect"
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

export const operation = Command.make(
  "operation",
  input,
  Effect.fnUntraced(function*({ id, json, ...given }) {
    const { items, plan } = yield* JobSteps.onDatabase(
      Operations.use((all) =>
        Effect.all({ plan: all.find(id), items: all.items(id, { limit: 200 }) })
      ),
      given
    )
    yield* Console.log(
      json ? JSON.stringify({ ...plan, items }, undefined, 2) : OperationText.ofPlan(plan, items)
    )
  }, ExitCode.bySignal)
).pipe(Command.withDescription("Show an operation, and what became of its jobs"))
