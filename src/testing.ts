/**
 * For the tests of applications: a queue in memory, which needs no database.
 *
 * `MemoryQueue.layer` takes the place of `QueueLive.layer`, and `MemoryQueue.client` that of
 * `QueueLive.client`. `JobAdmin` counts the jobs. The jobs end with the layer.
 */
export * as MemoryQueue from "./layers/MemoryQueue.ts"
