/**
 * `pgq runs`: shows the runs of a job that did not complete.
 */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as Runs from "../../services/Runs.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Screen from "../Screen.ts"
import * as JobSteps from "./JobSteps.ts"
import * as RunText from "./RunText.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  limit: Flags.count("limit").pipe(
    Flag.withDescription("The most runs, the newest of them; else 20"),
    Flag.withDefault(20)
  ),
  json: JobSteps.json
}

export const runs = Command.make(
  "runs",
  input,
  Effect.fnUntraced(function*({ id, json, limit, ...given }) {
    const found = yield* JobSteps.onDatabase(Runs.runs(id, { limit }), given)
    if (json) return yield* Console.log(JSON.stringify(found.map(RunText.json), undefined, 2))
    if (found.length > 0) {
      yield* Console.log(found.map((run) => Screen.line(RunText.line(run))).join("\n"))
    }
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show the runs of a job that did not complete, the newest first"),
  Command.withExamples([{ command: "pgq runs 42", description: "What went wrong with a job" }])
)
