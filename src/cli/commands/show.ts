/**
 * `pgq show`: shows all that is known of one job.
 */
import { Clock, Console, Effect, Exit } from "effect"
import { Command } from "effect/cli"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import { JobUnknown } from "../../domain/JobEnd.ts"
import * as Why from "../../domain/Why.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as Logs from "../../services/Logs.ts"
import * as Runs from "../../services/Runs.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as ShowText from "./ShowText.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  json: JobSteps.json
}

export const show = Command.make(
  "show",
  input,
  Effect.fnUntraced(function*({ id, json, ...given }) {
    // A mistake is reported before a connection is opened.
    yield* Effect.fromResult(ByHandInput.ofJobs([id]))
    const shown = yield* JobSteps.onDatabase(look(id), given)
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(json ? ShowText.json(shown) : ShowText.of(shown, now))
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show all that is known of a job"),
  Command.withExamples([{ command: "pgq show 42", description: "One job, waiting or ended" }])
)

const look = Effect.fnUntraced(function*(id: bigint) {
  const control = yield* JobControl
  const { lane, name, progress, state } = yield* control.seen(id)
  if (state === "unknown") return yield* new JobUnknown({ id })
  // Payloads are not for every role.
  const found = yield* Effect.exit(control.find(id))
  return {
    id,
    name,
    state,
    lane,
    progress,
    payload: Exit.isSuccess(found) ? found.value?.payload : undefined,
    why: Why.of(yield* control.why(id)),
    runs: yield* Runs.runs(id, { limit: ShowText.runsMax }),
    log: yield* Logs.logs(id, { limit: ShowText.linesMax })
  } satisfies ShowText.Shown
})
