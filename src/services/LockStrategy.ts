/**
 * How the processes that claim from one queue keep out of each other's way.
 *
 * No lock is ever held between two messages to the server, so a strategy is a fact that each claim
 * carries with it, not a lock that somebody holds.
 */
import { Context } from "effect"
import { CooperativeMode } from "../domain/CooperativeMode.ts"

export interface LockStrategy {
  readonly mode: CooperativeMode
}

/** Row locks, unless a layer says otherwise: most queues need nothing else. */
export const LockStrategy: Context.Reference<LockStrategy> = Context.Reference<LockStrategy>(
  "pgq/services/LockStrategy",
  { defaultValue: () => ({ mode: CooperativeMode.RowLock() }) }
)
