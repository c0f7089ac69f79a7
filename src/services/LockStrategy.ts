/**
 * How the processes that claim from one queue keep out of each other's way.
 *
 * No lock is ever held between two messages to the server, so a strategy is a fact that each claim
 * carries with it, not a lock that somebody holds.
 */
import { Context } from "effect"
import { CooperativeMode } from "../domain/CooperativeMode.ts"

/** The cooperative mode that claims are made in. */
export interface LockStrategy {
  readonly mode: CooperativeMode
}

/**
 * The cooperative mode that is in force: row locks, unless `AdvisoryLock.layer` or `SoloLock.layer`
 * is provided.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { AdvisoryLock, LockStrategy } from "pgq"
 *
 * export const program = LockStrategy.use(({ mode }) => Effect.logInfo(mode._tag)).pipe(
 *   Effect.provide(AdvisoryLock.layer({ key: [7, 9] }))
 * )
 * ```
 */
export const LockStrategy: Context.Reference<LockStrategy> = Context.Reference<LockStrategy>(
  "pgq/services/LockStrategy",
  { defaultValue: () => ({ mode: CooperativeMode.RowLock() }) }
)
