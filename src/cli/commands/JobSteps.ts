/**
 * The parts that the commands share which change jobs: their input, and their way to the database.
 */
import { Console, Effect, Option } from "effect"
import { Argument, CliError, Flag } from "effect/cli"
import * as QueueLive from "../../layers/QueueLive.ts"
import type { Insight } from "../../services/Insight.ts"
import type { JobAdmin } from "../../services/JobAdmin.ts"
import type { JobControl } from "../../services/JobControl.ts"
import type { Objectives } from "../../services/Objectives.ts"
import type { Operations } from "../../services/Operations.ts"
import type { PauseControl } from "../../services/PauseControl.ts"
import * as Database from "../Database.ts"
import * as ExitCode from "../ExitCode.ts"

export const parseId = (text: string): Option.Option<bigint> =>
  /^\d{1,19}$/.test(text) ? Option.some(BigInt(text)) : Option.none()

/** The id of a job. */
export const id = Argument.String("id").pipe(
  Argument.withDescription("The id of a job"),
  Argument.filterMap(parseId, (text) => `"${text}" is not the id of a job`)
)

export const json = Flag.Boolean("json").pipe(
  Flag.withDescription("Print the answer as JSON"),
  Flag.withDefault(false)
)

/** The confirmation of a step that many jobs may take. */
export const yes = (description: string) =>
  Flag.Boolean("yes").pipe(Flag.withDescription(description), Flag.withDefault(false))

/** A number of 1 or more. */
export const limit = (description: string) =>
  Flag.Int("limit").pipe(
    Flag.withMetavar("N"),
    Flag.filter((n) => n >= 1, (n) => `${n} is not a number of 1 or more`),
    Flag.withDescription(description),
    Flag.optional
  )

export const isGiven = (flags: ReadonlyArray<Option.Option<unknown>>): boolean =>
  flags.some(({ _tag }) => _tag === "Some")

/** Fails as a usage error if there is a mistake. */
export const refuse = (message: string | undefined) =>
  message === undefined ? Effect.void : Effect.fail(new CliError.ValidationError({ message }))

/** The answer of a command, and whether nothing stood in its way. */
export interface Said {
  readonly text: string
  readonly isDone: boolean
}

/** Prints the answer of a command, which ends with code 1 if something stood in its way. */
export const say = ({ isDone, text }: Said) =>
  Effect.andThen(
    Console.log(text),
    isDone ? Effect.void : Effect.fail(new ExitCode.ExitWith({ code: 1 }))
  )

/** Somebody who waits is told after this many jobs. */
const linesEvery = 5000

/** Calls `say` each time some thousands more jobs are done. */
export const progress = (say: (text: string) => Effect.Effect<void>) => {
  let next = linesEvery
  return (done: number, text: string): Effect.Effect<void> => {
    if (done < next) return Effect.void
    next = done - done % linesEvery + linesEvery
    return say(text)
  }
}

/** Works on the database that the flags name. */
export const onDatabase = <A, E>(
  work: Effect.Effect<
    A,
    E,
    Insight | JobAdmin | JobControl | Objectives | Operations | PauseControl
  >,
  given: Parameters<typeof Database.layer>[0]
) =>
  Effect.gen(function*() {
    const { notify, schema } = yield* Database.Database
    yield* Database.ready
    return yield* Effect.provide(work, QueueLive.client({ schema, notify }))
  }).pipe(Effect.provide(Database.layer(given)))
