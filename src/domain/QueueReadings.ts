/**
 * The gauges that a look at a schema gives. A part that it has not read has none.
 */
import type { Count } from "./Count.ts"
import { defaults, latencyOf } from "./Limits.ts"
import type { DatabaseOverview, Overview, QueueOverview } from "./Overview.ts"
import type { QueueMetricId } from "./QueueMetricNames.ts"

/** The value of one series. */
export interface Reading {
  readonly id: QueueMetricId
  readonly attributes: Readonly<Record<string, string>>
  readonly value: number
}

/** No metric has more than so many versions; the rest are of "_other". */
const versionsMax = 20

export const of = (overview: Overview): ReadonlyArray<Reading> => {
  // Without the workers and pauses of the look, their numbers would be zero, and that a lie.
  const hasWorkers = !overview.unread.includes("workers")
  const hasObjectives = !overview.unread.includes("objectives")
  return [
    { id: "pgq.queues.more", attributes: {}, value: Number(overview.hasMoreQueues) },
    ...overview.queues.flatMap((queue) => [
      ...ofJobs(queue),
      ...hasObjectives ? [objective(queue)] : [],
      ...hasWorkers ? ofWorkers(queue) : []
    ]),
    ...hasWorkers ? ofVersions(overview) : [],
    ...overview.database === null ? [] : ofDatabase(overview.database)
  ]
}

const ofJobs = (queue: QueueOverview): ReadonlyArray<Reading> => {
  const attributes = inQueue(queue)
  return [
    ...known("pgq.queue.latency", attributes, queue.latency),
    ...known("pgq.queue.lag", attributes, queue.lag),
    ...states.flatMap((state) =>
      known("pgq.queue.jobs", { ...attributes, "pgq.state": state }, queue[state])
    ),
    ...known("pgq.lanes.blocked", attributes, queue.blocked),
    ...known("pgq.lanes.retrying", attributes, queue.retrying)
  ]
}

const objective = (queue: QueueOverview): Reading => ({
  id: "pgq.queue.objective",
  attributes: inQueue(queue),
  value: latencyOf(defaults, queue)
})

const states = ["ready", "waiting", "running", "later", "blocked", "paused"] as const

const ofWorkers = (queue: QueueOverview): ReadonlyArray<Reading> => {
  const attributes = inQueue(queue)
  return [
    { id: "pgq.queue.slots", attributes, value: queue.slots },
    { id: "pgq.queue.workers", attributes, value: queue.workers },
    { id: "pgq.queue.paused", attributes, value: Number(queue.pause !== null) }
  ]
}

const inQueue = ({ queue }: QueueOverview) => ({ "messaging.destination.name": queue })

const ofVersions = ({ workers }: Overview): ReadonlyArray<Reading> => {
  const counts = new Map<string, number>()
  for (const { isLive, version } of workers) {
    const name = version ?? "unknown"
    if (isLive) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const sorted = Array.from(counts).toSorted(([, a], [, b]) => b - a)
  const rest = sorted.slice(versionsMax).reduce((sum, [, n]) => sum + n, 0)
  const told = [...sorted.slice(0, versionsMax), ...rest === 0 ? [] : [["_other", rest] as const]]
  return told.map(([version, value]) => ({
    id: "pgq.workers.live",
    attributes: { "pgq.version": version },
    value
  }))
}

const ofDatabase = (
  { horizon, tables, unpartitioned }: DatabaseOverview
): ReadonlyArray<Reading> => [
  ...horizon === null ? [] : [
    ...known("pgq.db.horizon.age", { "pgq.holder": horizon.holder }, horizon.seconds),
    ...known(
      "pgq.db.horizon.transactions",
      { "pgq.holder": horizon.holder },
      horizon.transactions
    )
  ],
  ...tables.flatMap(({ bytes, dead, indexBytes, live, table }): ReadonlyArray<Reading> => {
    const attributes = { "pgq.table": table }
    return [
      { id: "pgq.db.dead_tuples", attributes, value: dead },
      { id: "pgq.db.live_tuples", attributes, value: live },
      { id: "pgq.db.size", attributes, value: bytes + indexBytes }
    ]
  }),
  ...unpartitioned.flatMap(({ parent, rows }) =>
    known("pgq.history.unpartitioned", { "pgq.parent": parent }, rows)
  )
]

const known = (
  id: QueueMetricId,
  attributes: Reading["attributes"],
  found: Count | number | null
): ReadonlyArray<Reading> =>
  found === null
    ? []
    : [{ id, attributes, value: typeof found === "number" ? found : found.value }]
