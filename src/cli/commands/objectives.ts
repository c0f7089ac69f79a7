/**
 * `pgq objectives`: shows how late which queues may be.
 */
import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as Span from "../../domain/Span.ts"
import * as Queues from "../../services/Queues.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as StatusText from "../StatusText.ts"
import * as JobSteps from "./JobSteps.ts"

const input = { connection: Flags.connection, schema: Flags.schema, json: JobSteps.json }

export const objectives = Command.make(
  "objectives",
  input,
  Effect.fnUntraced(function*({ json, ...given }) {
    const found = yield* JobSteps.onDatabase(Queues.objectives, given)
    yield* Console.log(
      json ? JSON.stringify(found, undefined, 2) : StatusText.table(
        ["queue", "objective"],
        found.map(({ queue, seconds }) => [StatusText.printable(queue), Span.ofSeconds(seconds)])
      )
    )
  }, ExitCode.bySignal)
).pipe(Command.withDescription("Show how late which queues may be"))
