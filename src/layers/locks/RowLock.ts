/**
 * Row-lock mode: many processes claim at once and skip the rows that others are taking.
 */
import { Layer } from "effect"
import { CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

export const layer: Layer.Layer<never> = Layer.succeed(LockStrategy, {
  mode: CooperativeMode.RowLock()
})
