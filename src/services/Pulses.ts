/**
 * Where workers report the figures from which charts are made.
 */
import { Context, type Effect } from "effect"
import type { StoreError } from "../domain/Errors.ts"
import type { Pulse } from "../domain/Pulse.ts"

export class Pulses extends Context.Service<Pulses, {
  /** Keeps the pulses of a worker: one for each queue and name of which runs have ended. */
  readonly add: (worker: string, pulses: ReadonlyArray<Pulse>) => Effect.Effect<void, StoreError>
}>()("pgq/services/Pulses") {}
