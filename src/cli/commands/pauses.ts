/**
 * `pgq pauses`: shows which queues and names are paused.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as Queues from "../../services/Queues.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as PauseText from "./PauseText.ts"

const input = { connection: Flags.connection, schema: Flags.schema, json: JobSteps.json }

export const pauses = Command.make(
  "pauses",
  input,
  Effect.fnUntraced(function*({ json, ...given }) {
    const found = yield* JobSteps.onDatabase(Queues.paused, given)
    yield* Console.log(json ? PauseText.jsonOfPauses(found) : PauseText.ofPauses(found))
  }, ExitCode.bySignal)
).pipe(Command.withDescription("Show which queues and names are paused"))
