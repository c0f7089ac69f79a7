/**
 * `pgq workers`: shows the workers, and what they handle.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { Insight } from "../../services/Insight.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as OverviewText from "./OverviewText.ts"

const input = { connection: Flags.connection, schema: Flags.schema, json: JobSteps.json }

export const workers = Command.make(
  "workers",
  input,
  Effect.fnUntraced(function*({ json, ...given }) {
    const found = yield* JobSteps.onDatabase(Insight.use((insight) => insight.workers), given)
    yield* Console.log(
      json ? JSON.stringify(found, undefined, 2) : OverviewText.ofWorkersWithNames(found)
    )
  }, ExitCode.bySignal)
).pipe(Command.withDescription("Show the workers, the oldest first, and what they handle"))
