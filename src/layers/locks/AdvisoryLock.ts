/**
 * Advisory mode: one process claims at a time, under an advisory lock whose key the user chooses.
 * Other programs may take the same lock to keep pgq from starting jobs meanwhile.
 */
import { Layer } from "effect"
import { type AdvisoryKey, CooperativeMode } from "../../domain/CooperativeMode.ts"
import { LockStrategy } from "../../services/LockStrategy.ts"

/**
 * One process claims at a time, under the advisory lock with this key: one `bigint`, or a pair of
 * 32-bit integers, which PostgreSQL keeps apart. Provided to a worker, it takes the place of row
 * locks.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { AdvisoryLock, Job, QueueLive, WorkerControl } from "pgq"
 *
 * const Tick = Job.make("tick")
 *
 * const Queue = QueueLive.layer({ jobs: [Tick] }).pipe(
 *   Layer.provide(Tick.toLayer(() => undefined)),
 *   Layer.provide(AdvisoryLock.layer({ key: 42n }))
 * )
 *
 * export const program = Effect.gen(function*() {
 *   const { mode } = yield* (yield* WorkerControl).status
 *   yield* Effect.logInfo(`works in mode ${mode}`)
 * }).pipe(Effect.provide(Queue))
 * ```
 */
export const layer = (options: { readonly key: AdvisoryKey }): Layer.Layer<never> =>
  Layer.succeed(LockStrategy, { mode: CooperativeMode.Advisory({ key: options.key }) })
