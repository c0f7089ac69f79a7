/**
 * For the tests of applications: a queue in memory, which needs no database.
 *
 * `MemoryQueue.client` stands in the place of `QueueLive.client`, and `MemoryQueue.layer` in that
 * of `QueueLive.layer`. The jobs end with the layer.
 */
export * as MemoryQueue from "./layers/MemoryQueue.ts"
