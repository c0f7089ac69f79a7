/**
 * Solo mode: for one process on its queues. A second process stays safe, and waits for its turn.
 */
import { Layer } from "effect"
import { CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

/**
 * For one process alone on its queues: it claims under pgq's own lock. A second process stays safe,
 * and waits its turn.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { Job, QueueLive, SoloLock } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * export const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined)),
 *   Layer.provide(SoloLock.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<never> = Layer.succeed(LockStrategy, {
  mode: CooperativeMode.Solo()
})
