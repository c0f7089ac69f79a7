/**
 * Errors with which the handlers of a kind without declared errors, and those of a job script, say
 * what becomes of their job.
 */
import { Duration, Predicate, Schema } from "effect"
import * as Delay from "./Delay.ts"
import * as OnError from "./OnError.ts"

const DurationInput = Schema.declare(Delay.isInput, {
  expected: "a duration, such as \"5 minutes\""
})

/**
 * Ends a run that comes too early: the job runs again after `delay`, at most ten years, and no
 * attempt is used. For handlers of kinds without `error`; others declare an error for it.
 *
 * @example
 * ```ts
 * import { Job } from "pgq"
 *
 * const Export = Job.make("export")
 *
 * export const ExportLive = Export.toLayer(async () => {
 *   const { status } = await fetch("http://localhost/export")
 *   if (status === 202) throw new Job.Snooze({ delay: "5 minutes" })
 * })
 * ```
 */
export class Snooze extends Schema.TaggedError<Snooze>()("pgq/Snooze", { delay: DurationInput }) {
  override get message(): string {
    return `snoozed for ${Duration.format(Duration.fromInputUnsafe(this.delay))}`
  }
}

/**
 * Fails a job for good: no further attempt can succeed. For handlers of kinds without `error`;
 * others declare an error for it.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Job } from "pgq"
 *
 * const Greet = Job.make("greet", { payload: Schema.Struct({ name: Schema.String }) })
 *
 * export const GreetLive = Greet.toLayer(({ name }) =>
 *   name === "" ? new Job.Fail({ message: "nobody to greet" }) : Effect.logInfo(`hello ${name}`)
 * )
 * ```
 */
export class Fail extends Schema.TaggedError<Fail>()("pgq/Fail", { message: Schema.String }) {}

/**
 * Ends a job as cancelled: nobody wants its work any more. For handlers of kinds without `error`;
 * others declare an error for it.
 *
 * @example
 * ```ts
 * import { Job } from "pgq"
 *
 * const Remind = Job.make("remind")
 *
 * export const RemindLive = Remind.toLayer(async () => {
 *   const { status } = await fetch("http://localhost/customer")
 *   if (status === 404) throw new Job.Cancel({ reason: "the customer has left" })
 * })
 * ```
 */
export class Cancel extends Schema.TaggedError<Cancel>()("pgq/Cancel", { reason: Schema.String }) {
  override get message(): string {
    return this.reason
  }
}

/** The answer that an error of a handler is. A job script may have a copy of pgq of its own. */
export const answerOf = (error: unknown): OnError.OnError | undefined => {
  if (Predicate.isTagged(error, "pgq/Snooze")) {
    return Predicate.hasProperty(error, "delay") && Delay.isInput(error.delay)
      ? OnError.snooze(error.delay)
      : undefined
  }
  if (Predicate.isTagged(error, "pgq/Fail")) {
    return Predicate.hasProperty(error, "message") && typeof error.message === "string"
      ? OnError.fail
      : undefined
  }
  return Predicate.isTagged(error, "pgq/Cancel") && Predicate.hasProperty(error, "reason") &&
      typeof error.reason === "string"
    ? OnError.cancel
    : undefined
}
