/**
 * The type of a test's queue.
 */

/**
 * The queue of a test, which `TestQueue.layer` and `TestQueue.postgres` provide. The functions of
 * `TestQueue` need it.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TestQueue } from "pgq/testing"
 *
 * const twice: Effect.Effect<unknown, unknown, TestQueue.TestQueue> = Effect.andThen(
 *   TestQueue.drain(),
 *   TestQueue.drain()
 * )
 *
 * export const program = twice.pipe(Effect.provide(TestQueue.layer()))
 * ```
 */
export interface TestQueue {
  readonly "~pgq/TestQueue": "TestQueue"
}
