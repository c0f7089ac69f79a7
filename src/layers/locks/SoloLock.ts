/**
 * Solo mode: for one process alone on its queues. A second one stays safe, and waits its turn.
 */
import { Layer } from "effect"
import { CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

export const layer: Layer.Layer<never> = Layer.succeed(LockStrategy, {
  mode: CooperativeMode.Solo()
})
