/**
 * The ways in which processes that claim from one queue avoid each other.
 *
 * No lock is held between two messages to the server. A strategy is therefore a value that each
 * claim carries, not a lock that a process holds.
 */
import { Context } from "effect"
import { CooperativeMode } from "../domain/CooperativeMode.ts"

/** The cooperative mode of claims. */
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
