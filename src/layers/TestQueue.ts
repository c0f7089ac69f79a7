/**
 * The queue of a test: jobs that run when the test says so, and expectations about them.
 */
export type { Expected, PartOf } from "../domain/JobMatch.ts"
export type { QueuedJob } from "../domain/QueuedJob.ts"
export {
  ChainEndless,
  HandlerMissing,
  JobMissing,
  JobUnexpected,
  RunFailed
} from "../domain/TestErrors.ts"
export { drain, drainUntil, runOne } from "./testing/Drain.ts"
export { during, enqueued } from "./testing/Enqueued.ts"
export { assertEnqueued, refuteEnqueued } from "./testing/Expectations.ts"
export { crash, loseLease } from "./testing/Faults.ts"
export type { LateRun } from "./testing/Faults.ts"
export { layer } from "./testing/MemoryKit.ts"
export type { Services } from "./testing/MemoryKit.ts"
export { perform } from "./testing/Perform.ts"
export type { Performed, PerformOptions } from "./testing/Perform.ts"
export { postgres } from "./testing/PgKit.ts"
export type { PostgresOptions } from "./testing/PgKit.ts"
export type { DrainOptions, Run, RunErrors, UnsettledRun } from "./testing/Runs.ts"
export { stub } from "./testing/Stub.ts"
export type { TestQueue } from "./testing/TestQueue.ts"
export { travel } from "./testing/Travel.ts"
