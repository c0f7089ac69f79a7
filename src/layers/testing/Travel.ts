/**
 * Lets time pass for the jobs of a test's queue.
 */
import { type Duration, Effect } from "effect"
import type { SettingInvalid, StoreError } from "../../domain/Errors.ts"
import { kit, timeOf } from "./Kit.ts"
import type { TestQueue } from "./TestQueue.ts"

/**
 * Lets time pass for the jobs that are queued; it runs none. In memory the test's clock goes on, as
 * by `TestClock.adjust`. On PostgreSQL the clock stays as it is, and the jobs come due so much
 * earlier.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { enqueue, Job } from "pgq"
 * import { TestQueue } from "pgq/testing"
 *
 * const Tick = Job.make("tick")
 *
 * export const program = Effect.gen(function*() {
 *   yield* enqueue(Tick, undefined, { delay: "3 days" })
 *   yield* TestQueue.travel("3 days")
 *   yield* TestQueue.assertEnqueued(Tick, { within: "0 seconds" })
 * }).pipe(Effect.provide(TestQueue.postgres()))
 * ```
 */
export const travel = (
  time: Duration.Input
): Effect.Effect<void, SettingInvalid | StoreError, TestQueue> =>
  Effect.flatMap(kit, (kit) => Effect.flatMap(timeOf(time), kit.travel))
