/**
 * The contracts, tested with the store in memory.
 */
import { Effect, Layer } from "effect"
import * as AdvisoryLock from "../../src/layers/locks/AdvisoryLock.ts"
import * as RowLock from "../../src/layers/locks/RowLock.ts"
import * as SoloLock from "../../src/layers/locks/SoloLock.ts"
import * as MemorySchema from "../../src/layers/memory/MemorySchema.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import * as AdminApiSuite from "./AdminApiSuite.ts"
import * as InsightSuite from "./InsightSuite.ts"
import * as JobAdminSuite from "./JobAdminSuite.ts"
import * as JobControlSuite from "./JobControlSuite.ts"
import * as JobListSuite from "./JobListSuite.ts"
import * as JobRepoSuite from "./JobRepoSuite.ts"
import * as LockStrategySuite from "./LockStrategySuite.ts"
import * as NotifierSuite from "./NotifierSuite.ts"
import * as ObjectivesSuite from "./ObjectivesSuite.ts"
import * as PauseControlSuite from "./PauseControlSuite.ts"
import * as RunReportsSuite from "./RunReportsSuite.ts"
import * as SchedulerSuite from "./SchedulerSuite.ts"
import * as SeriesSuite from "./SeriesSuite.ts"
import * as Kinds from "./testQueue/Kinds.ts"
import * as TestQueueSuite from "./TestQueueSuite.ts"
import * as WorkerRegistrySuite from "./WorkerRegistrySuite.ts"

JobRepoSuite.suite("memory", MemorySchema.layer)
SchedulerSuite.suite("memory", MemorySchema.layer)
WorkerRegistrySuite.suite("memory", MemorySchema.layer)
InsightSuite.suite("memory", MemorySchema.layer)
JobListSuite.suite("memory", MemorySchema.layer)
JobAdminSuite.suite("memory", MemorySchema.layer)
JobControlSuite.suite("memory", MemorySchema.layer)
ObjectivesSuite.suite("memory", MemorySchema.layer)
PauseControlSuite.suite("memory", MemorySchema.layer)
RunReportsSuite.suite("memory", MemorySchema.layer)
AdminApiSuite.suite("memory", MemorySchema.layer)
SeriesSuite.suite("memory", MemorySchema.layer, Effect.void)
NotifierSuite.suite("memory", MemorySchema.layer)
TestQueueSuite.suite(
  "memory",
  TestQueue.layer({ jobs: Kinds.jobs }).pipe(
    Layer.provide(Layer.provide(Kinds.handlers, MemoryQueue.client))
  )
)

const locks = { RowLock, SoloLock, AdvisoryLock: { layer: AdvisoryLock.layer({ key: 42n }) } }
for (const [name, lock] of Object.entries(locks)) {
  LockStrategySuite.suite(`memory, ${name}`, Layer.merge(MemorySchema.layer, lock.layer))
}
