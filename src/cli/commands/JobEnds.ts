/**
 * The part that the commands share which wait for a job: the print of how it has ended.
 */
import { Console, type Duration, Effect, Option } from "effect"
import type { JobEnd } from "../../domain/JobEnd.ts"
import { JobControl } from "../../services/JobControl.ts"
import * as ExitCode from "../ExitCode.ts"

/**
 * Waits for a job, and prints its result; else fails with code 1, or with 3 if it has not ended in
 * time.
 */
export const print = Effect.fnUntraced(function*(
  id: bigint,
  timeout: Option.Option<Duration.Duration>
) {
  const end = yield* within(JobControl.use((control) => control.ended(id)), timeout)
  if (end._tag === "Completed") return yield* Console.log(JSON.stringify(end.value))
  yield* Console.error(`pgq: ${textOf(end, id)}`)
  return yield* new ExitCode.ExitWith({ code: end._tag === "Late" ? 3 : 1 })
})

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
