/**
 * `pgq plan`: shows what a step for all jobs of a search would do, and takes it if their number is
 * known.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { userInfo } from "node:os"
import { Operations } from "../../services/Operations.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"
import * as OperationText from "./OperationText.ts"

const input = {
  action: Argument.Literals("action", ["retry", "cancel", "discard"]).pipe(
    Argument.withDescription("The step to take for each job")
  ),
  search: Argument.String("search").pipe(
    Argument.withDescription("The jobs, such as state:failed name:charge since:1h")
  ),
  run: Flag.Int("run").pipe(
    Flag.withMetavar("N"),
    Flag.withDescription("Run the plan, if it has so many jobs"),
    Flag.optional
  ),
  reason: Flag.String("reason").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Why, for the list of operations"),
    Flag.optional
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  json: JobSteps.json
}

type Input = Command.Command.Config.Infer<typeof input>

export const plan = Command.make(
  "plan",
  input,
  Effect.fnUntraced(function*(given) {
    yield* JobSteps.say(yield* JobSteps.onDatabase(planned(given), given))
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show what a step for many jobs would do, and take it"),
  Command.withExamples([
    { command: "pgq plan retry 'state:failed since:1h'", description: "Look, and change nothing" },
    { command: "pgq plan retry 'state:failed since:1h' --run 120", description: "If they are 120" }
  ])
)

const planned = Effect.fnUntraced(function*({ action, json, reason, run, search: query }: Input) {
  const operations = yield* Operations
  const plan = yield* operations.plan({
    action,
    query,
    reason: Option.getOrUndefined(reason),
    actor: userInfo().username
  })
  const count = Option.getOrUndefined(run)
  const isRun = count === plan.planned
  if (isRun) yield* operations.run(plan.id, { count })
  const found = isRun ? yield* operations.find(plan.id) : plan
  const items = yield* operations.items(plan.id, { limit: isRun ? 200 : 20 })
  const hint = isRun ? [] : [
    "",
    count === undefined
      ? `nothing was changed: add --run ${plan.planned} to run it`
      : `nothing was changed: they are ${plan.planned} jobs, not ${count}`
  ]
  const said: JobSteps.Said = {
    text: json
      ? JSON.stringify({ ...found, items }, undefined, 2)
      : [OperationText.ofPlan(found, items), ...hint].join("\n"),
    isDone: isRun ? found.done === found.planned : count === undefined
  }
  return said
})
