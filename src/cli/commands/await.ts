/**
 * `pgq await`: waits for a job, and prints its result.
 */
import { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobEnds from "./JobEnds.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  timeout: Flags.duration("timeout").pipe(
    Flag.withDescription("How long to wait; else until the job has ended"),
    Flag.optional
  )
}

export const await_ = Command.make(
  "await",
  input,
  Effect.fnUntraced(function*({ id, timeout, ...given }) {
    yield* JobSteps.onDatabase(JobEnds.print(id, timeout), given)
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Wait until a job has ended, and print its result as JSON"),
  Command.withExamples([
    { command: "pgq await 42 --timeout 30s", description: "Wait for half a minute" }
  ])
)
