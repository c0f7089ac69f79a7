/**
 * `pgq runs`: shows the runs of a job that did not complete.
 */
import { Console, Duration, Effect } from "effect"
import { Command, Flag } from "effect/cli"
import * as ErrorText from "../../domain/ErrorText.ts"
import type { JobRun } from "../../domain/JobRun.ts"
import * as Runs from "../../services/Runs.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  limit: Flags.count("limit").pipe(
    Flag.withDescription("The most runs, the newest of them; else 20"),
    Flag.withDefault(20)
  ),
  json: JobSteps.json
}

export const runs = Command.make(
  "runs",
  input,
  Effect.fnUntraced(function*({ id, json, limit, ...given }) {
    const found = yield* JobSteps.onDatabase(Runs.runs(id, { limit }), given)
    if (json) return yield* Console.log(JSON.stringify(found.map(jsonOf), undefined, 2))
    if (found.length > 0) yield* Console.log(found.map(lineOf).join("\n"))
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Show the runs of a job that did not complete, the newest first"),
  Command.withExamples([{ command: "pgq runs 42", description: "What went wrong with a job" }])
)

const lineOf = ({ attempt, endedAt, error, outcome, ranFor }: JobRun): string => {
  const after = ranFor === undefined ? "" : ` after ${Duration.toMillis(ranFor)} ms`
  const why = error === undefined ? "" : `: ${ErrorText.summary(error)}`
  // An error may hold characters that a terminal obeys.
  return `attempt ${attempt} ${outcome} ${endedAt.toISOString()}${after}${why}`
    .replaceAll(/\p{Cc}/gu, " ")
}

const jsonOf = ({ error, id, nextAt, ranFor, ...run }: JobRun) => ({
  id: String(id),
  ...run,
  ranMs: ranFor === undefined ? null : Duration.toMillis(ranFor),
  nextAt: nextAt ?? null,
  error: error ?? null
})
