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
export type { UnsettledRun } from "./testing/Attempt.ts"
export { drain, drainUntil, runOne } from "./testing/Drain.ts"
export type { DrainOptions, Run, RunErrors } from "./testing/Drain.ts"
export { assertEnqueued, refuteEnqueued } from "./testing/Expectations.ts"
export { crash, loseLease } from "./testing/Faults.ts"
export type { LateRun } from "./testing/Faults.ts"
export { stub } from "./testing/GivenHandlers.ts"
export { during, enqueued } from "./testing/Jobs.ts"
export { TestQueue } from "./testing/Kit.ts"
export type { Kit } from "./testing/Kit.ts"
export { layer } from "./testing/MemoryKit.ts"
export type { Services } from "./testing/MemoryKit.ts"
export { perform } from "./testing/Perform.ts"
export type { Performed, PerformOptions } from "./testing/Perform.ts"
export { postgres } from "./testing/PgKit.ts"
export type { PostgresOptions } from "./testing/PgKit.ts"
export { travel } from "./testing/Travel.ts"
