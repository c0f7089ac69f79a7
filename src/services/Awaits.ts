/**
 * Tells the worker at hand that its handlers wait for other jobs.
 */
import { Context, type Effect } from "effect"
import type { OwnJob } from "../domain/OwnJob.ts"

/** Notes who waits, for as long as `wait` takes. */
export type Noted = <A, E, R>(
  own: ReadonlyArray<OwnJob>,
  wait: Effect.Effect<A, E, R>
) => Effect.Effect<A, E, R>

/** Outside of a worker, nobody wants to know. */
export const Awaits = Context.Reference<Noted>(
  "pgq/services/Awaits",
  { defaultValue: () => (_, wait) => wait }
)
