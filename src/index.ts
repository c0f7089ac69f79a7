/**
 * The public API.
 */
export type {
  CopyAnswer,
  DiscardAnswer,
  EditAnswer,
  FoundJob,
  JobChange,
  JobPattern,
  RetryAnswer,
  RetryCounts,
  RetryFilter,
  RetrySpread
} from "./domain/ByHand.ts"
export type { CancelCounts, CancelFilter, Cancellation, JobOutcome } from "./domain/Cancellation.ts"
export type { AdvisoryKey, CooperativeMode } from "./domain/CooperativeMode.ts"
export type { Count } from "./domain/Count.ts"
export {
  ClaimLost,
  DuplicateJob,
  JobInterrupted,
  JobInvalid,
  NotInTransaction,
  PayloadInvalid,
  SchemaUnfit,
  SettingInvalid,
  StoreError,
  WrongKind
} from "./domain/Errors.ts"
export type { FailedFilter, FailedJob } from "./domain/FailedJob.ts"
export type { FailureGroup, FailureGroups } from "./domain/FailureGroups.ts"
export type { FailureTrend } from "./domain/FailureTrend.ts"
export type {
  Durations,
  Figures,
  FiguresWatch,
  KindFigures,
  QueueFigures,
  StepFigures,
  WorkerGauges
} from "./domain/Figures.ts"
export {
  AwaitInTransaction,
  AwaitTimeout,
  JobCancelled,
  type JobEnd,
  JobFailed,
  JobUnknown,
  ResultGone,
  ResultInvalid
} from "./domain/JobEnd.ts"
export type { JobKind, NoPayload, RetryPolicy, RunPolicy } from "./domain/JobKind.ts"
export type { JobPage, JobRow, JobSearch } from "./domain/JobList.ts"
export type { LogBounds, LogLine } from "./domain/JobLog.ts"
export { type JobQuery, JobQueryInvalid, type JobState } from "./domain/JobQuery.ts"
export type { ClaimedJob, EnqueueOptions, JobJson, NewJob, RunningJob } from "./domain/JobRecord.ts"
export type { JobRun, RunOutcome } from "./domain/JobRun.ts"
export type { JobProgress, JobView, SeenJob } from "./domain/JobView.ts"
export type {
  LaneEstimate,
  LaneHead,
  LaneSearch,
  LaneView,
  LongestLanes,
  LongLane
} from "./domain/LaneView.ts"
export type { Limits } from "./domain/Limits.ts"
export type { Objective, ObjectiveAnswer } from "./domain/Objective.ts"
export * as OnError from "./domain/OnError.ts"
export {
  type Operation,
  type OperationAction,
  type OperationChange,
  type OperationInput,
  type OperationItem,
  type OperationPlan,
  OperationRefused
} from "./domain/Operation.ts"
export type {
  DatabaseOverview,
  LaneOverview,
  Overview,
  Part,
  PastWorker,
  QueueOverview,
  WorkerOverview
} from "./domain/Overview.ts"
export { AwaitWouldBlock, type OwnJob } from "./domain/OwnJob.ts"
export type { Pause, PauseAnswer, PauseTarget, PauseTerms, ResumeAnswer } from "./domain/Pause.ts"
export type { Problem, ProblemCode } from "./domain/Problem.ts"
export type { SeriesFilter, SeriesValues } from "./domain/Series.ts"
export type { Settlement } from "./domain/Settlement.ts"
export type { StopAnswer, StopMode } from "./domain/StopMode.ts"
export type { TraceStyle } from "./domain/TraceStyle.ts"
export type {
  DebounceOptions,
  Offered,
  OfferedJob,
  OfferOutcome,
  ThrottleOptions,
  UniqueBy,
  UniqueMode,
  Uniqueness,
  UniqueOptions,
  Wish
} from "./domain/Unique.ts"
export * as Verdict from "./domain/Verdict.ts"
export type { Reason, ReasonCode, Why } from "./domain/Why.ts"
export type { WorkerHealth } from "./domain/WorkerHealth.ts"
export type { QueueCounts, WorkerInfo, WorkerStatus } from "./domain/WorkerStatus.ts"
export * as Job from "./layers/job/Job.ts"
export type { JobQueue } from "./layers/job/JobScript.ts"
export * as AdvisoryLock from "./layers/locks/AdvisoryLock.ts"
export * as RowLock from "./layers/locks/RowLock.ts"
export * as SoloLock from "./layers/locks/SoloLock.ts"
export * as PgSchema from "./layers/postgres/PgSchema.ts"
export * as QueueLive from "./layers/QueueLive.ts"
export type { CompletableJob } from "./services/CompletableJob.ts"
export { enqueue, enqueueAll, type Enqueued } from "./services/Enqueue.ts"
export {
  type FailuresOptions,
  Insight,
  type LaneKind,
  type OverviewOptions
} from "./services/Insight.ts"
export { JobAdmin } from "./services/JobAdmin.ts"
export { JobControl } from "./services/JobControl.ts"
export { type Claimed, JobRepo, type Settled, type Settling } from "./services/JobRepo.ts"
export { LockStrategy } from "./services/LockStrategy.ts"
export { Objectives } from "./services/Objectives.ts"
export { offer, offerAll } from "./services/Offer.ts"
export { Operations } from "./services/Operations.ts"
export { PauseControl } from "./services/PauseControl.ts"
export * as Queues from "./services/Queues.ts"
export { Series } from "./services/Series.ts"
export { WorkerControl } from "./services/WorkerControl.ts"
