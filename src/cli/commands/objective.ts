/**
 * `pgq objective`: sets how long the ready jobs of a queue should wait at most.
 */
import { Console, Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { JobInvalid, StoreError } from "../../domain/Errors.ts"
import * as Objective from "../../domain/Objective.ts"
import type { Objectives } from "../../services/Objectives.ts"
import * as Queues from "../../services/Queues.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as PauseText from "./PauseText.ts"

const input = {
  queue: Argument.String("queue").pipe(
    Argument.withDescription("The queue; '*' stands for all queues without an objective")
  ),
  time: Flags.durationArgument("time").pipe(
    Argument.withDescription("The longest that its ready jobs should wait, such as 5m"),
    Argument.optional
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  clear: Flag.Boolean("clear").pipe(
    Flag.withDescription("Take the objective back"),
    Flag.withDefault(false)
  ),
  json: JobSteps.json
}

export const objective = Command.make(
  "objective",
  input,
  Effect.fnUntraced(function*({ json, queue, time, ...given }) {
    const wanted = Option.getOrUndefined(time)
    // A mistake is reported before a connection is opened.
    yield* Effect.fromResult(Objective.ofQueue(queue))
    if (wanted !== undefined) yield* Effect.fromResult(Objective.ofInput(queue, wanted))
    const step: Effect.Effect<Objective.ObjectiveAnswer, JobInvalid | StoreError, Objectives> =
      wanted === undefined ? Queues.clearObjective(queue) : Queues.setObjective(queue, wanted)
    const answer = yield* JobSteps.onDatabase(step, given)
    const target = { queue, name: undefined }
    yield* Console.log(
      json
        ? JSON.stringify({ queue, answer }, undefined, 2)
        : PauseText.ofAnswer(`objective ${answer}`, target)
    )
  }, ExitCode.bySignal)
).pipe(
  Command.validate(({ clear, time }) =>
    JobSteps.refuse(
      clear === Option.isSome(time) ? "say a time such as 5m, or --clear" : undefined
    )
  ),
  Command.withDescription("Set how long the ready jobs of a queue should wait at most"),
  Command.withExamples([
    { command: "pgq objective reports 30m", description: "Late after half an hour" },
    { command: "pgq objective reports --clear", description: "Late after a minute, as by default" }
  ])
)
