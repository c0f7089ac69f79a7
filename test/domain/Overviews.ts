/**
 * Looks at a schema in which nothing is wrong, to change in a test.
 */
import * as Count from "../../src/domain/Count.ts"
import type {
  DatabaseOverview,
  LaneOverview,
  Overview,
  PastWorker,
  QueueOverview,
  WorkerOverview
} from "../../src/domain/Overview.ts"

export const queue = (change: Partial<QueueOverview> = {}): QueueOverview => ({
  queue: "mail",
  latency: 0,
  objective: null,
  bands: [],
  ready: Count.exact(0),
  waiting: Count.exact(0),
  running: Count.exact(0),
  later: Count.exact(0),
  lag: 0,
  retrying: Count.exact(0),
  blocked: Count.exact(0),
  paused: Count.exact(0),
  workers: 1,
  slots: 5,
  pause: null,
  ...change
})

export const worker = (change: Partial<WorkerOverview> = {}): WorkerOverview => ({
  id: "00000000-0000-4000-8000-000000000001",
  label: "web",
  host: "a",
  pid: 7,
  queues: ["mail"],
  names: ["send"],
  mode: "row-lock",
  concurrency: 5,
  running: 0,
  ageSeconds: 100,
  renewedSeconds: 1,
  leaseSeconds: 15,
  isStopping: false,
  isLive: true,
  version: "0.1.0",
  ...change
})

export const pastWorker = (change: Partial<PastWorker> = {}): PastWorker => ({
  id: "00000000-0000-4000-8000-000000000002",
  label: "web",
  host: "web-1",
  pid: 411,
  ended: "died",
  endedAt: "2029-12-31T23:58:00.000Z",
  endedSeconds: 120,
  jobsHeld: 8,
  ...change
})

export const lane = (change: Partial<LaneOverview> = {}): LaneOverview => ({
  queue: "mail",
  key: "customer 7",
  job: "42",
  name: "send",
  failures: 3,
  nextAt: null,
  error: "no luck",
  ...change
})

export const database = (change: Partial<DatabaseOverview> = {}): DatabaseOverview => ({
  horizon: null,
  tables: [],
  missingPartitions: [],
  unpartitioned: [],
  ...change
})

export const overview = (change: Partial<Overview> = {}): Overview => ({
  at: "2030-01-01T00:00:00.000Z",
  queues: [queue()],
  hasMoreQueues: false,
  workers: [worker()],
  pastWorkers: [],
  blockedLanes: [],
  unhandled: [],
  suspects: [],
  ends: { seconds: 300, names: [] },
  promotionLag: 0,
  database: database(),
  unread: [],
  ...change
})
