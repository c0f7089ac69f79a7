/**
 * The public door.
 */
export {
  ClaimLost,
  JobInvalid,
  PayloadInvalid,
  SchemaUnfit,
  SettingInvalid,
  StoreError
} from "./domain/Errors.ts"
export type { EnqueueOptions, JobJson, RunningJob } from "./domain/Job.ts"
export type { RetryPolicy } from "./domain/JobKind.ts"
export type { QueueCounts, QueueStatus, WorkerInfo } from "./domain/QueueStatus.ts"
export * as AdvisoryLock from "./layers/AdvisoryLock.ts"
export * as Job from "./layers/Job.ts"
export type { JobQueue } from "./layers/JobScript.ts"
export * as MemoryQueue from "./layers/MemoryQueue.ts"
export * as PgSchema from "./layers/PgSchema.ts"
export * as QueueLive from "./layers/QueueLive.ts"
export * as RowLock from "./layers/RowLock.ts"
export * as SoloLock from "./layers/SoloLock.ts"
export { enqueue, enqueueAll } from "./services/Enqueue.ts"
export { JobAdmin } from "./services/JobAdmin.ts"
export { JobRepo } from "./services/JobRepo.ts"
export { LockStrategy } from "./services/LockStrategy.ts"
export { Notifier } from "./services/Notifier.ts"
export { QueueControl } from "./services/QueueControl.ts"
export { Scheduler } from "./services/Scheduler.ts"
export { WorkerRegistry } from "./services/WorkerRegistry.ts"
