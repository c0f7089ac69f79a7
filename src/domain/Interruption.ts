/**
 * The reason for which pgq interrupts a run. It travels as an annotation of the interruption's
 * cause and as the reason of the run's aborted signal.
 */
import { Cause, Context, Option } from "effect"
import { JobInterrupted } from "./Errors.ts"

/** `stopping`: the worker ends; `lost`: the worker's lease has ended. */
export type Reason = JobInterrupted["why"]

/** The annotations for the interruption of a fiber. */
export const annotate = (why: Reason): Context.Context<never> =>
  Context.make(Why, new JobInterrupted({ why }))

/** The reason in the cause of a run that pgq has interrupted. */
export const of = (cause: Cause.Cause<unknown>): JobInterrupted | undefined =>
  Option.getOrUndefined(Context.getOption(Cause.annotations(cause), Why))

class Why extends Context.Service<Why, JobInterrupted>()("pgq/domain/Interruption/Why") {}
