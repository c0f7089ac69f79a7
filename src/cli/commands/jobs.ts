/**
 * `pgq jobs`: lists the jobs that a search finds.
 */
import { Clock, Console, Effect, Option, Result } from "effect"
import { Argument, Command } from "effect/cli"
import * as JobList from "../../domain/JobList.ts"
import { Insight } from "../../services/Insight.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Log from "../Log.ts"
import * as JobSteps from "./JobSteps.ts"
import * as JobsText from "./JobsText.ts"

const input = {
  search: Argument.String("search").pipe(
    Argument.withDescription("Terms such as queue:mail and state:failed; else all jobs"),
    Argument.variadic()
  ),
  connection: Flags.connection,
  schema: Flags.schema,
  ...Flags.parts({
    max: 1000,
    after: "Look further from where another list ended",
    limit: "The most jobs"
  }),
  json: JobSteps.json
}

export const jobs = Command.make(
  "jobs",
  input,
  Effect.fnUntraced(function*({ after, json, limit, search: words, ...given }) {
    const search = words.join(" ")
    // A mistake is reported before a connection is opened.
    const asked = JobList.asked({ query: search, limit })
    if (Result.isFailure(asked)) return yield* misused(asked.failure, search)
    const page = yield* JobSteps.onDatabase(
      Insight.use((insight) =>
        insight.jobs({ ...asked.success, after: Option.getOrUndefined(after) })
      ),
      given
    )
    if (json) return yield* Console.log(JSON.stringify(page, undefined, 2))
    const now = yield* Clock.currentTimeMillis
    const width = process.stdout.columns ?? Infinity
    if (page.items.length > 0) yield* Console.log(JobsText.table(page.items, { now, width }))
    yield* Log.print([JobsText.looked(page, search)])
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("List the jobs that a search finds"),
  Command.withExamples([
    { command: "pgq jobs state:failed since:1d", description: "The failures of a day" },
    { command: "pgq jobs 'key:\"customer 7\"'", description: "The jobs of a key" }
  ])
)

type Mistake = Result.Result.Failure<ReturnType<typeof JobList.asked>>

const misused = (error: Mistake, search: string) =>
  Effect.andThen(
    Log.print(
      error._tag === "JobQueryInvalid"
        ? JobsText.mistake(error, search)
        : [`pgq: ${error.message}`]
    ),
    Effect.fail(new ExitCode.ExitWith({ code: 2 }))
  )
