/**
 * Row-lock mode: many processes claim at once and skip the rows that others are taking.
 */
import { Layer } from "effect"
import { CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

/**
 * Many processes claim at once and skip the rows that others are taking. This is the default; the
 * layer puts it back below a layer that provides another mode.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { LockStrategy, RowLock, SoloLock } from "pgq"
 *
 * export const program = LockStrategy.use(({ mode }) => Effect.logInfo(mode._tag)).pipe(
 *   Effect.provide(RowLock.layer),
 *   Effect.provide(SoloLock.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<never> = Layer.succeed(LockStrategy, {
  mode: CooperativeMode.RowLock()
})
