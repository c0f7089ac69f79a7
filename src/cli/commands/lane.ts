/**
 * `pgq lane`: shows the head of a lane, and the jobs behind it.
 */
import { Clock, Console, Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import * as LaneView from "../../domain/LaneView.ts"
import { Insight } from "../../services/Insight.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as JobSteps from "./JobSteps.ts"
import * as LaneText from "./LaneText.ts"

const input = {
  queue: Argument.String("queue").pipe(Argument.withDescription("The queue of the lane")),
  key: Argument.String("key").pipe(Argument.withDescription("The key of its jobs")),
  connection: Flags.connection,
  schema: Flags.schema,
  ...Flags.parts({
    max: 200,
    after: "Show the jobs after those of another answer",
    limit: "The most jobs behind the head"
  }),
  json: JobSteps.json
}

export const lane = Command.make(
  "lane",
  input,
  Effect.fnUntraced(function*({ after, json, key, limit, queue, ...given }) {
    const search = { queue, key, limit, after: Option.getOrUndefined(after) }
    // A mistake is reported before a connection is opened.
    yield* Effect.fromResult(LaneView.asked(search))
    const seen = yield* JobSteps.onDatabase(
      Insight.use((insight) => insight.lane(search)),
      given
    )
    if (json) return yield* Console.log(JSON.stringify(seen, undefined, 2))
    const now = yield* Clock.currentTimeMillis
    yield* Console.log(LaneText.of(seen, { now, width: process.stdout.columns ?? Infinity }))
    yield* Log.print(LaneText.further(seen))
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show the head of a lane, and the jobs behind it"),
  Command.withExamples([
    { command: "pgq lane mail 'customer 7'", description: "Who has the lane, and who waits?" }
  ])
)
