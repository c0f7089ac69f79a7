/**
 * `pgq await`: waits for a job, and prints its result.
 */
import { Console, type Duration, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { JobEnd } from "../../domain/JobEnd.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as ExitCode from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as JobSteps from "./JobSteps.ts"

const input = {
  id: JobSteps.id,
  connection: Flags.connection,
  schema: Flags.schema,
  timeout: Flags.duration("timeout").pipe(
    Flag.withDescription("How long to wait; else until the job has ended"),
    Flag.optional
  )
}

export const await_ = Command.make(
  "await",
  input,
  Effect.fnUntraced(function*({ id, timeout, ...given }) {
    const end = yield* JobSteps.onDatabase(
      within(JobControl.use((control) => control.ended(id)), timeout),
      given
    )
    if (end._tag === "Completed") return yield* Console.log(JSON.stringify(end.value))
    yield* Console.error(`pgq: ${textOf(end, id)}`)
    return yield* new ExitCode.ExitWith({ code: end._tag === "Late" ? 3 : 1 })
  }, ExitCode.bySignal)
).pipe(
  Command.withDescription("Wait until a job has ended, and print its result as JSON"),
  Command.withExamples([
    { command: "pgq await 42 --timeout 30s", description: "Wait for half a minute" }
  ])
)

const late = { _tag: "Late" } as const

const within = <E, R>(
  ended: Effect.Effect<JobEnd, E, R>,
  timeout: Option.Option<Duration.Duration>
) =>
  Option.match(timeout, {
    onNone: () => ended,
    onSome: (duration) =>
      Effect.timeoutOrElse(ended, { duration, orElse: () => Effect.succeed(late) })
  })

type Other = Exclude<JobEnd | typeof late, { readonly _tag: "Completed" }>

const textOf = (end: Other, id: bigint): string => {
  switch (end._tag) {
    case "Late":
    case "Other":
      return `job ${id} has not ended in time`
    case "Unknown":
      return `there is no job ${id}, and no history of it`
    case "Gone":
      return `job ${id} has completed, and there is no result of it`
    case "Invalid":
      return `job ${id} has completed, but its result is invalid: ${end.issue}`
    case "Cancelled":
      return `job ${id} was cancelled: ${end.reason}`
    case "Failed":
      return `job ${id} ${end.outcome}: ${end.error}`
  }
}
