/**
 * `pgq logs`: shows the log of a job.
 */
import { Console, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { JobControl } from "../../services/JobControl.ts"
import * as Logs from "../../services/Logs.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as LogText from "./LogText.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  follow: Flag.Boolean("follow").pipe(
    Flag.withAlias("f"),
    Flag.withDescription("Go on until the job has ended"),
    Flag.withDefault(false)
  )
}

export const logs = Command.make(
  "logs",
  input,
  Effect.fnUntraced(function*({ follow, id, ...given }) {
    yield* JobSteps.onDatabase(show(id, follow), given)
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show the log of a job: its lines, and how its runs ended"),
  Command.withExamples([
    { command: "pgq logs 42", description: "What a job has logged" },
    { command: "pgq logs 42 -f", description: "The same, until the job has ended" }
  ])
)

const show = Effect.fnUntraced(function*(id: bigint, follow: boolean) {
  const control = yield* JobControl
  let skip = 0
  while (true) {
    // Asked first, so that the lines of a job that has ended are its last ones.
    const hasEnded = !follow || (yield* control.outcomeOf(id)) !== "unfinished"
    for (let lines = yield* page(id, skip); lines.length > 0; lines = yield* page(id, skip)) {
      yield* Console.log(lines.map(LogText.line).join("\n"))
      skip += lines.length
    }
    if (hasEnded) return
    yield* Effect.sleep("1 second")
  }
})

const page = (id: bigint, skip: number) => Logs.logs(id, { skip })
