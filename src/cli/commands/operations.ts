/**
 * `pgq operations`: shows the steps for many jobs that were planned or taken in the last 24 hours.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { Operations } from "../../services/Operations.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as OperationText from "./OperationText.ts"

const input = { connection: Flags.connection, schema: Flags.schema, json: JobSteps.json }

export const operations = Command.make(
  "operations",
  input,
  Effect.fnUntraced(function*({ json, ...given }) {
    const found = yield* JobSteps.onDatabase(
      Operations.use((all) => all.list({ limit: 200 })),
      given
    )
    yield* Console.log(json ? JSON.stringify(found, undefined, 2) : OperationText.ofAll(found))
  }, ExitCode.bySignal)
).pipe(Command.withDescription("Show the operations of the last 24 hours"))
