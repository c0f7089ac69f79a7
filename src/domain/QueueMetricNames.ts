/**
 * The names of the metrics of a schema: its queues, lanes, workers and database. A name is stable.
 * docs/reference/metrics.md is made from this list.
 */
import type { MetricName } from "./MetricName.ts"

const queue = "messaging.destination.name"

export const queueMetrics = {
  "pgq.queue.latency": {
    prometheus: "pgq_queue_latency_seconds",
    type: "gauge",
    unit: "s",
    attributes: [queue],
    meaning: "How long the first ready job that nobody holds has been ready."
  },
  "pgq.queue.objective": {
    prometheus: "pgq_queue_objective_seconds",
    type: "gauge",
    unit: "s",
    attributes: [queue],
    meaning: "How long its ready jobs should wait at most: its objective, or a minute."
  },
  "pgq.queue.lag": {
    prometheus: "pgq_queue_lag_seconds",
    type: "gauge",
    unit: "s",
    attributes: [queue],
    meaning: "How overdue the first job is that is due and not ready."
  },
  "pgq.queue.jobs": {
    prometheus: "pgq_queue_jobs",
    type: "gauge",
    unit: "{job}",
    attributes: [queue, "pgq.state"],
    meaning: "Unfinished jobs. 10,000 stands for as many or more."
  },
  "pgq.queue.slots": {
    prometheus: "pgq_queue_slots",
    type: "gauge",
    unit: "{job}",
    attributes: [queue],
    meaning: "How many jobs its live workers run at once, of all their queues."
  },
  "pgq.queue.workers": {
    prometheus: "pgq_queue_workers",
    type: "gauge",
    unit: "{worker}",
    attributes: [queue],
    meaning: "Live workers that claim from the queue."
  },
  "pgq.queue.paused": {
    prometheus: "pgq_queue_paused",
    type: "gauge",
    unit: "1",
    attributes: [queue],
    meaning: "Whether the queue is paused."
  },
  "pgq.queues.more": {
    prometheus: "pgq_queues_more",
    type: "gauge",
    unit: "1",
    attributes: [],
    meaning: "Whether there are more queues than the first 100, of which these metrics tell."
  },
  "pgq.lanes.blocked": {
    prometheus: "pgq_lanes_blocked",
    type: "gauge",
    unit: "{lane}",
    attributes: [queue],
    meaning: "Lanes that wait until a person acts. 10,000 stands for as many or more."
  },
  "pgq.lanes.retrying": {
    prometheus: "pgq_lanes_retrying",
    type: "gauge",
    unit: "{lane}",
    attributes: [queue],
    meaning: "Lanes that wait for the next try of their head, among the next 10,000 jobs for later."
  },
  "pgq.workers.live": {
    prometheus: "pgq_workers_live",
    type: "gauge",
    unit: "{worker}",
    attributes: ["pgq.version"],
    meaning: "Live workers, by the version of pgq that they run."
  },
  "pgq.workers.ended": {
    prometheus: "pgq_workers_ended_total",
    type: "counter",
    unit: "{worker}",
    attributes: ["pgq.end"],
    meaning: "Workers that have left or died since this process looks, at most 100 a look."
  },
  "pgq.db.horizon.age": {
    prometheus: "pgq_db_horizon_age_seconds",
    type: "gauge",
    unit: "s",
    attributes: ["pgq.holder"],
    meaning: "How long something has kept dead rows from being vacuumed, where that is known."
  },
  "pgq.db.horizon.transactions": {
    prometheus: "pgq_db_horizon_transactions",
    type: "gauge",
    unit: "{transaction}",
    attributes: ["pgq.holder"],
    meaning: "How many transactions have begun since then."
  },
  "pgq.db.dead_tuples": {
    prometheus: "pgq_db_dead_tuples",
    type: "gauge",
    unit: "{row}",
    attributes: ["pgq.table"],
    meaning: "Dead rows of a table, by the server's statistics."
  },
  "pgq.db.live_tuples": {
    prometheus: "pgq_db_live_tuples",
    type: "gauge",
    unit: "{row}",
    attributes: ["pgq.table"],
    meaning: "Its live rows, by the same."
  },
  "pgq.db.size": {
    prometheus: "pgq_db_size_bytes",
    type: "gauge",
    unit: "By",
    attributes: ["pgq.table"],
    meaning: "Its size, with its indexes."
  },
  "pgq.history.unpartitioned": {
    prometheus: "pgq_history_unpartitioned",
    type: "gauge",
    unit: "{row}",
    attributes: ["pgq.parent"],
    meaning: "Rows of history of days without a partition, by the server's statistics."
  },
  "pgq.look.duration": {
    prometheus: "pgq_look_duration_seconds",
    type: "histogram",
    unit: "s",
    attributes: [],
    meaning: "The time that the looks for these metrics took."
  },
  "pgq.look.errors": {
    prometheus: "pgq_look_errors_total",
    type: "counter",
    unit: "{error}",
    attributes: ["error.type", "pgq.part"],
    meaning: "Looks that failed, and parts of looks that gave no answer."
  }
} as const satisfies Readonly<Record<string, MetricName>>

export type QueueMetricId = keyof typeof queueMetrics
