/**
 * `pgq failed`: shows the failed jobs of the history that were not tried again, or failures in
 * groups.
 */
import { Clock, Console, Duration, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as ByHandInput from "../../domain/ByHandInput.ts"
import { Insight } from "../../services/Insight.ts"
import { JobAdmin } from "../../services/JobAdmin.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as Screen from "../Screen.ts"
import * as ByHandText from "./ByHandText.ts"
import * as FailureText from "./FailureText.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  connection: Flags.connection,
  schema: Flags.schema,
  queue: Flags.selection.queue,
  name: Flags.selection.name,
  since: Flags.duration("since").pipe(
    Flag.withDescription("Only jobs that ended at most this long ago"),
    Flag.optional
  ),
  limit: Flags.count("limit").pipe(
    Flag.withDescription("The most jobs, the newest of them; else 20"),
    Flag.withDefault(20)
  ),
  groups: Flag.Boolean("groups").pipe(
    Flag.withDescription("Group failures by name and error, those that are tried again, too"),
    Flag.withDefault(false)
  ),
  json: JobSteps.json
}

export const failed = Command.make(
  "failed",
  input,
  Effect.fnUntraced(function*({ groups, json, limit, name, queue, since, ...given }) {
    const now = yield* Clock.currentTimeMillis
    // A mistake is reported before a connection is opened.
    const filter = yield* Effect.fromResult(ByHandInput.ofMany({
      outcome: "failed",
      queue: Option.getOrUndefined(queue),
      name: Option.getOrUndefined(name),
      since: Option.getOrUndefined(
        Option.map(since, (time) => new Date(now - Duration.toMillis(time)))
      )
    }, {}))
    if (groups) {
      const found = yield* JobSteps.onDatabase(
        Insight.use((insight) => insight.failures({ queue: filter.queue, since: filter.since })),
        given
      )
      const text = json ? FailureText.json : FailureText.ofGroups
      return yield* Console.log(text(found, { limit, name: filter.name }))
    }
    const jobs = yield* JobSteps.onDatabase(
      JobAdmin.use((admin) => admin.failed({ ...filter, limit })),
      given
    )
    if (json) {
      return yield* Console.log(JSON.stringify(jobs.map(ByHandText.jsonOfFailed), undefined, 2))
    }
    if (jobs.length > 0) {
      yield* Console.log(jobs.map((job) => Screen.line(ByHandText.ofFailed(job))).join("\n"))
    }
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show the jobs that failed for good, the newest first"),
  Command.withExamples([
    { command: "pgq failed --name charge --since 1d", description: "The failures of a day" },
    { command: "pgq failed --groups", description: "What fails, how often, and is it new?" }
  ])
)
