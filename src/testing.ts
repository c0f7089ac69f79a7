/**
 * For the tests of applications: a queue in memory, which needs no database.
 *
 * `MemoryQueue.layer` stands in the place of PostgreSQL for one test: `enqueue` works as in the
 * application, and `JobAdmin` and `JobRepo` tell which jobs are waiting. The jobs end with the
 * layer.
 */
export * as MemoryQueue from "./layers/memory/MemoryQueue.ts"
