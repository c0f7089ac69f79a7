/**
 * The contracts, tested with PostgreSQL as the store.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import * as AdvisoryLock from "../../src/layers/locks/AdvisoryLock.ts"
import * as SoloLock from "../../src/layers/locks/SoloLock.ts"
import * as PollNotifier from "../../src/layers/postgres/PollNotifier.ts"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import * as TestQueue from "../../src/layers/TestQueue.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Postgres from "../support/Postgres.ts"
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

const advisory = PgQueue.withLock(AdvisoryLock.layer({ key: 42n }))
const advisoryPair = PgQueue.withLock(AdvisoryLock.layer({ key: [7, 9] }))
const solo = PgQueue.withLock(SoloLock.layer)

JobRepoSuite.suite("postgres, row lock", PgQueue.layer)
JobRepoSuite.suite("postgres, advisory lock", advisory)
InsightSuite.suite("postgres", PgQueue.layer)
JobListSuite.suite("PostgreSQL", PgQueue.layer)
JobAdminSuite.suite("postgres", PgQueue.layer)
JobControlSuite.suite("postgres", PgQueue.layer)
ObjectivesSuite.suite("postgres", PgQueue.layer)
PauseControlSuite.suite("postgres", PgQueue.layer)
RunReportsSuite.suite("postgres", PgQueue.layer)
AdminApiSuite.suite("postgres", PgQueue.layer)
SeriesSuite.suite(
  "postgres",
  PgQueue.layer,
  PgClient.PgClient.use((sql) =>
    Effect.andThen(
      sql`UPDATE pgq.pulses SET at = at - interval '1 minute'`,
      sql`UPDATE pgq.samples SET at = at - interval '1 minute'`
    )
  )
)
SchedulerSuite.suite("postgres", PgQueue.layer)
WorkerRegistrySuite.suite("postgres", PgQueue.layer)

const schema = "kit_of_a_test"
TestQueueSuite.suite(
  "postgres",
  TestQueue.postgres({ jobs: Kinds.jobs, schema }).pipe(
    Layer.provide(Layer.provide(Kinds.handlers, QueueLive.client({ schema }))),
    Layer.provide(Postgres.layer)
  )
)

NotifierSuite.suite("listen", PgQueue.layer)
NotifierSuite.suite(
  "poll",
  Layer.provideMerge(
    PollNotifier.layer({ schema: PgQueue.schema, interval: "100 millis" }),
    PgQueue.layer
  )
)

LockStrategySuite.suite("row lock", PgQueue.layer)
LockStrategySuite.suite("advisory lock, bigint key", advisory)
LockStrategySuite.suite("advisory lock, pair of ints", advisoryPair)
LockStrategySuite.suite("solo lock", solo)
