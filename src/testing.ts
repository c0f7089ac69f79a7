/**
 * For the tests of applications: a queue in memory, which needs no database, and a queue whose jobs
 * run when the test says so.
 *
 * `MemoryQueue.layer` takes the place of `QueueLive.layer`, and `MemoryQueue.client` that of
 * `QueueLive.client`. `JobAdmin` counts the jobs. The jobs end with the layer. `TestQueue.layer`
 * takes the place of both and has no worker: `TestQueue.drain` runs the jobs.
 */
export * as MemoryQueue from "./layers/MemoryQueue.ts"
export * as TestQueue from "./layers/TestQueue.ts"
