/**
 * `pgq pause`: keeps the jobs of a queue, or of a name, from starting.
 */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { everyQueue } from "../../domain/Pause.ts"
import * as PauseInput from "../../domain/PauseInput.ts"
import * as Queues from "../../services/Queues.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as PauseText from "./PauseText.ts"

const input = {
  queue: Argument.String("queue").pipe(
    Argument.withDescription("The queue; '*' stands for all queues")
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  name: Flags.selection.name,
  for: Flags.duration("for").pipe(
    Flag.withDescription("How long; else until pgq resume"),
    Flag.optional
  ),
  reason: Flag.String("reason").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Why; pgq pauses shows it"),
    Flag.optional
  ),
  cancelRunning: Flag.Boolean("cancel-running").pipe(
    Flag.withDescription("Interrupt running jobs and give them back, with no attempt used"),
    Flag.withDefault(false)
  ),
  yes: JobSteps.yes("Do pause all jobs of all queues"),
  json: JobSteps.json
}

export const pause = Command.make(
  "pause",
  input,
  Effect.fnUntraced(function*({ cancelRunning, json, queue, ...given }) {
    const name = Option.getOrUndefined(given.name)
    const terms = {
      reason: Option.getOrUndefined(given.reason),
      for: Option.getOrUndefined(given.for),
      cancelRunning
    }
    // A mistake is reported before a connection is opened.
    const target = yield* Effect.fromResult(PauseInput.ofTarget({ queue, name }))
    yield* Effect.fromResult(PauseInput.ofTerms(terms))
    const answer = yield* JobSteps.onDatabase(Queues.pause({ queue, name }, terms), given)
    yield* Console.log(
      json ? PauseText.jsonOfAnswer(answer, target) : PauseText.ofAnswer(answer, target)
    )
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ name, queue, yes }) =>
    JobSteps.refuse(
      queue === everyQueue && Option.isNone(name) && !yes
        ? "to pause all jobs of all queues, add --yes"
        : undefined
    )
  ),
  Command.withDescription("Keep the jobs of a queue, or of a name, from starting"),
  Command.withExamples([
    { command: "pgq pause mail --for 1h", description: "A queue, for an hour" },
    { command: "pgq pause '*' --name send-email", description: "A name, in all queues" }
  ])
)
