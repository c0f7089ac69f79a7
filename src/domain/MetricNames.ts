/**
 * The names of a worker's metrics. A name is stable: dashboards and alerts refer to it.
 * docs/reference/metrics.md is made from this list.
 */

import type { MetricName } from "./MetricName.ts"
import { queueMetrics } from "./QueueMetricNames.ts"

const queue = "messaging.destination.name"
const name = "pgq.job.name"
const operation = "messaging.operation.name"
const error = "error.type"

/** Each metric of a worker and its process. */
export const metrics = {
  "messaging.client.sent.messages": {
    prometheus: "messaging_client_sent_messages_total",
    type: "counter",
    unit: "{message}",
    attributes: [queue, operation],
    meaning: "Jobs that this process has added."
  },
  "messaging.client.consumed.messages": {
    prometheus: "messaging_client_consumed_messages_total",
    type: "counter",
    unit: "{message}",
    attributes: [queue, operation],
    meaning: "Jobs that the worker has claimed."
  },
  "messaging.client.operation.duration": {
    prometheus: "messaging_client_operation_duration_seconds",
    type: "histogram",
    unit: "s",
    attributes: [operation, error],
    meaning: "The time until the store answered or failed: send, claim, settle, renew."
  },
  "messaging.process.duration": {
    prometheus: "messaging_process_duration_seconds",
    type: "histogram",
    unit: "s",
    attributes: [queue, name],
    meaning: "The time that runs took, however they ended."
  },
  "pgq.job.wait.duration": {
    prometheus: "pgq_job_wait_duration_seconds",
    type: "histogram",
    unit: "s",
    attributes: [queue, name],
    meaning: "The time from the moment that a job was due until its handler began."
  },
  "pgq.job.settled": {
    prometheus: "pgq_job_settled_total",
    type: "counter",
    unit: "{job}",
    attributes: [queue, name, "pgq.outcome"],
    meaning: "Ends of runs, by outcome."
  },
  "pgq.worker.slots": {
    prometheus: "pgq_worker_slots",
    type: "gauge",
    unit: "{job}",
    attributes: [],
    meaning: "How many jobs the worker runs at once."
  },
  "pgq.worker.running": {
    prometheus: "pgq_worker_running",
    type: "gauge",
    unit: "{job}",
    attributes: [],
    meaning: "Jobs that run now."
  },
  "pgq.worker.claimed": {
    prometheus: "pgq_worker_claimed",
    type: "gauge",
    unit: "{job}",
    attributes: [],
    meaning: "Jobs, and lanes of jobs, that are claimed and wait for a slot."
  },
  "pgq.worker.renewal.age": {
    prometheus: "pgq_worker_renewal_age_seconds",
    type: "gauge",
    unit: "s",
    attributes: [],
    meaning: "The time since the worker last renewed its lease."
  },
  "pgq.worker.loop.delay": {
    prometheus: "pgq_worker_loop_delay_seconds",
    type: "gauge",
    unit: "s",
    attributes: [],
    meaning: "How late the thread comes to its timers: the 99th percentile of ten seconds."
  },
  "pgq.store.errors": {
    prometheus: "pgq_store_errors_total",
    type: "counter",
    unit: "{error}",
    attributes: [operation, error],
    meaning: "Failures of the store, by the class of the error's code."
  }
} as const satisfies Readonly<Record<string, MetricName>>

export type MetricId = keyof typeof metrics

const prometheusNames: ReadonlyMap<string, string> = new Map(
  Object.entries({ ...metrics, ...queueMetrics }).map(([id, { prometheus }]) => [id, prometheus])
)

/** The name that Prometheus has for a metric. One that is not pgq's keeps its name. */
export const prometheusName = (id: string): string => prometheusNames.get(id) ?? id
