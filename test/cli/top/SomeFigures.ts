/**
 * A look at a schema in which much is wrong, with names that a terminal would obey or cannot show
 * in one cell a character.
 */
import * as TopState from "../../../src/cli/top/TopState.ts"
import * as Count from "../../../src/domain/Count.ts"
import type {
  LaneOverview,
  Overview,
  QueueOverview,
  WorkerOverview
} from "../../../src/domain/Overview.ts"
import * as Verdict from "../../../src/domain/Verdict.ts"

const none = Count.exact(0)

export const queue = (name: string, given: Partial<QueueOverview> = {}): QueueOverview => ({
  queue: name,
  latency: 0,
  objective: null,
  bands: [],
  ready: none,
  waiting: none,
  running: none,
  later: none,
  lag: 0,
  retrying: none,
  blocked: none,
  paused: none,
  workers: 1,
  slots: 20,
  pause: null,
  ...given
})

export const worker = (pid: number, given: Partial<WorkerOverview> = {}): WorkerOverview => ({
  id: `00000000-0000-4000-8000-00000000${pid}`,
  label: `web-${pid}`,
  host: "app-1",
  pid,
  queues: ["email", "books"],
  names: ["send-email"],
  mode: "row-lock",
  concurrency: 20,
  running: 3,
  ageSeconds: 273_600,
  renewedSeconds: 1.2,
  leaseSeconds: 15,
  isStopping: false,
  isLive: true,
  version: "0.1.0",
  ...given
})

const lane: LaneOverview = {
  queue: "books",
  key: "customer-7",
  job: "812",
  name: "charge-card",
  failures: 3,
  nextAt: null,
  error: "card \u001B[31mdeclined"
}

export const lanes = {
  blocked: [lane, { ...lane, key: "顧客-8", job: "913" }],
  retrying: [{ ...lane, key: "customer-9", job: "1004", nextAt: "2030-01-31T03:19:17.000Z" }]
}

export const overview: Overview = {
  at: "2030-01-31T03:14:07.000Z",
  queues: [
    queue("books", {
      waiting: Count.exact(1204),
      running: Count.exact(1),
      slots: 1,
      blocked: Count.exact(2)
    }),
    queue("email", {
      latency: 250,
      bands: [{ priority: 5, latency: 250 }, { priority: 0, latency: 4.2 }],
      ready: Count.capped(2001, 2000),
      running: Count.exact(20),
      later: Count.exact(12)
    }),
    queue("invoices-of-the-" + "very-".repeat(30) + "long-year", { later: null }),
    queue("news\u001B[2J\u202Eletter\nnext", {
      paused: Count.exact(7),
      pause: { since: "2030-01-31T03:00:00.000Z", until: null, by: "ada", reason: "a bad batch" }
    }),
    queue("メール🎉", { ready: Count.exact(3), latency: 0.4 })
  ],
  hasMoreQueues: false,
  workers: [
    worker(811, { running: 20 }),
    worker(812, { isLive: false, renewedSeconds: 95, label: "web\u0007" }),
    worker(813, { isStopping: true, ageSeconds: 65, queues: ["メール🎉"], names: null })
  ],
  pastWorkers: [],
  blockedLanes: lanes.blocked,
  unhandled: [],
  suspects: [],
  ends: { seconds: 300, names: [] },
  promotionLag: 0,
  database: {
    horizon: {
      holder: "backend",
      name: "psql",
      pid: 4711,
      seconds: 1200,
      transactions: 31_000
    },
    tables: [
      {
        table: "pgq.jobs",
        live: 1207,
        dead: 812_004,
        bytes: 91_234_567,
        indexBytes: 81_920,
        vacuumedAt: "2030-01-31T02:14:07.000Z"
      },
      { table: "pgq.leases", live: 23, dead: 0, bytes: 8192, indexBytes: 8192, vacuumedAt: null }
    ],
    missingPartitions: ["pgq.finished_jobs"],
    unpartitioned: []
  },
  unread: []
}

/** The state after one look, at a size. */
export const state = (columns: number, rows: number, seen = overview): TopState.State =>
  TopState.looked(
    TopState.make({
      where: "app@db1 schema pgq",
      size: { columns, rows },
      now: 100_000,
      every: 2000,
      isStill: false
    }),
    {
      figures: { overview: seen, verdict: Verdict.of(seen), at: 99_000 },
      detail: undefined,
      every: 2000
    }
  )
