/**
 * One look at a schema: its queues, lanes, workers and database, as the verdict, `pgq status` and
 * programs read it. All values are those of JSON: ids are texts, times are ISO texts, spans are
 * seconds.
 */
import { Schema } from "effect"
import { Count } from "./Count.ts"

const Seconds = Schema.Finite

/** The jobs of one priority in a queue. */
const Band = Schema.Struct({
  priority: Schema.Finite,
  /** How long the job that goes first has been ready, in seconds. */
  latency: Seconds
})

/** A pause of the whole queue. */
const QueuePause = Schema.Struct({
  since: Schema.String,
  until: Schema.NullOr(Schema.String),
  by: Schema.String,
  reason: Schema.NullOr(Schema.String)
})

/** One queue. A value that could not be read in time is `null`. */
export const QueueOverview = Schema.Struct({
  queue: Schema.String,
  /** How long the first job that nobody holds has been ready, in seconds; 0 if there is none. */
  latency: Schema.NullOr(Seconds),
  /** How long its ready jobs should wait at most, in seconds, if an operator has said so. */
  objective: Schema.NullOr(Seconds),
  /** The most urgent first, at most 50. */
  bands: Schema.Array(Band),
  /** Jobs that a claim may take. */
  ready: Schema.NullOr(Count),
  /** Jobs behind another job of their key. */
  waiting: Schema.NullOr(Count),
  /** Leased jobs: they run, or wait in their worker. */
  running: Schema.NullOr(Count),
  /** Delayed jobs, and jobs between two tries. */
  later: Schema.NullOr(Count),
  /** How overdue its first job is that is due and not ready, in seconds; 0 if there is none. */
  lag: Schema.NullOr(Seconds),
  /** Lanes that wait while their head is between two tries. */
  retrying: Schema.NullOr(Count),
  /** Jobs that have failed for good, and hold their lanes. */
  blocked: Schema.NullOr(Count),
  /** Jobs that would be ready, but for a pause. */
  paused: Schema.NullOr(Count),
  /** Live workers that claim from the queue. */
  workers: Schema.Finite,
  /** The jobs that these workers run at once, of all their queues. */
  slots: Schema.Finite,
  pause: Schema.NullOr(QueuePause)
})

export interface QueueOverview extends Schema.Schema.Type<typeof QueueOverview> {}

/** One worker. */
export const WorkerOverview = Schema.Struct({
  id: Schema.String,
  label: Schema.String,
  host: Schema.String,
  pid: Schema.Finite,
  queues: Schema.Array(Schema.String),
  /** The names that it has handlers for; `null` if it does not say. */
  names: Schema.NullOr(Schema.Array(Schema.String)),
  mode: Schema.String,
  concurrency: Schema.Finite,
  /** Its leased jobs. */
  running: Schema.Finite,
  ageSeconds: Seconds,
  /** The time since its last renewal, in seconds. */
  renewedSeconds: Seconds,
  /** How long it counts as alive without a renewal, in seconds. */
  leaseSeconds: Seconds,
  isStopping: Schema.Boolean,
  /** Whether its lease lasts. */
  isLive: Schema.Boolean,
  /** The version of pgq that it runs; `null` if it does not say. */
  version: Schema.NullOr(Schema.String)
})

export interface WorkerOverview extends Schema.Schema.Type<typeof WorkerOverview> {}

/** A worker that has ended lately. */
export const PastWorker = Schema.Struct({
  id: Schema.String,
  label: Schema.String,
  host: Schema.String,
  pid: Schema.Finite,
  /** `left` if it has signed off. */
  ended: Schema.Literals(["left", "died"]),
  endedAt: Schema.String,
  /** The time since its end, in seconds. */
  endedSeconds: Seconds,
  /** The jobs in its leases at the end. */
  jobsHeld: Schema.Finite
})

export interface PastWorker extends Schema.Schema.Type<typeof PastWorker> {}

/** A lane that waits with its head: the head is blocked, or between two tries. */
export const LaneOverview = Schema.Struct({
  queue: Schema.String,
  key: Schema.String,
  /** The id and the name of the head. */
  job: Schema.String,
  name: Schema.String,
  failures: Schema.Finite,
  /** When the head runs again; `null` if it is blocked. */
  nextAt: Schema.NullOr(Schema.String),
  /** The first line of the error. */
  error: Schema.NullOr(Schema.String)
})

export interface LaneOverview extends Schema.Schema.Type<typeof LaneOverview> {}

/** The transaction, slot or standby that keeps dead rows from being vacuumed. */
const Horizon = Schema.Struct({
  holder: Schema.Literals(["backend", "prepared", "slot", "standby"]),
  /** The application of the session, or the name of what holds. */
  name: Schema.String,
  pid: Schema.NullOr(Schema.Finite),
  /** For how long; `null` if the role may not see it, or nobody knows. */
  seconds: Schema.NullOr(Seconds),
  /** How many transactions have begun since. */
  transactions: Schema.Finite
})

const Table = Schema.Struct({
  table: Schema.String,
  /** Rows, by the server's statistics. */
  live: Schema.Finite,
  dead: Schema.Finite,
  bytes: Schema.Finite,
  indexBytes: Schema.Finite,
  vacuumedAt: Schema.NullOr(Schema.String)
})

/** The state of the database, as far as it matters to the schema. */
export const DatabaseOverview = Schema.Struct({
  horizon: Schema.NullOr(Horizon),
  tables: Schema.Array(Table),
  /** The parents of history that have no partition for today. */
  missingPartitions: Schema.Array(Schema.String),
  /** How many rows of each parent are of days without a partition, by the server's statistics. */
  unpartitioned: Schema.Array(Schema.Struct({ parent: Schema.String, rows: Schema.Finite }))
})

export interface DatabaseOverview extends Schema.Schema.Type<typeof DatabaseOverview> {}

/** How the jobs of one name ended lately. */
const Ends = Schema.Struct({
  queue: Schema.String,
  name: Schema.String,
  failed: Schema.Finite,
  /** `null` if completed jobs are not kept. */
  completed: Schema.NullOr(Schema.Finite)
})

const Suspect = Schema.Struct({
  id: Schema.String,
  queue: Schema.String,
  name: Schema.String,
  /** The workers that died while they had the job. */
  deaths: Schema.Finite
})

/** The jobs of one name for which claims found no handler. */
const Unhandled = Schema.Struct({
  queue: Schema.String,
  name: Schema.String,
  jobs: Schema.Finite,
  /** The id of one of them. */
  job: Schema.String
})

/** The parts of a look that may give no answer. */
export const Part = Schema.Literals([
  "queues",
  "counts",
  "latency",
  "later",
  "lanes",
  "suspects",
  "ends",
  "database",
  "workers",
  "pastWorkers",
  "objectives"
])

export type Part = typeof Part.Type

/** One look at a schema. */
export const Overview = Schema.Struct({
  /** By the clock of the store. */
  at: Schema.String,
  /** By name. */
  queues: Schema.Array(QueueOverview),
  /** Whether there are more queues than the look has taken in. */
  hasMoreQueues: Schema.Boolean,
  /** The oldest first. */
  workers: Schema.Array(WorkerOverview),
  /** Those that ended in the last ten minutes, the newest first, at most 100. */
  pastWorkers: Schema.Array(PastWorker),
  /** The first lanes that wait for a person. */
  blockedLanes: Schema.Array(LaneOverview),
  unhandled: Schema.Array(Unhandled),
  suspects: Schema.Array(Suspect),
  /** How jobs ended in the last `seconds`, of the names with the most failures. */
  ends: Schema.Struct({ seconds: Seconds, names: Schema.Array(Ends) }),
  /** How overdue the first job is that is due and not ready, in seconds. */
  promotionLag: Schema.NullOr(Seconds),
  /** `null` in memory, or if it could not be read. */
  database: Schema.NullOr(DatabaseOverview),
  /** The parts that could not be read in time, or that the role may not see. */
  unread: Schema.Array(Part)
})

export interface Overview extends Schema.Schema.Type<typeof Overview> {}
