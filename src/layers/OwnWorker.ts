/**
 * This process as a worker, described by its settings.
 */
import { randomUUID } from "node:crypto"
import { hostname } from "node:os"
import type { WorkerSettings } from "../domain/WorkerSettings.ts"
import type * as Worker from "./worker/Worker.ts"

export const of = (settings: WorkerSettings): Worker.Options => ({
  grace: settings.grace,
  stuck: settings.stuck,
  traces: settings.traces,
  worker: {
    id: settings.workerId ?? randomUUID(),
    label: settings.label,
    host: hostname(),
    pid: process.pid,
    queues: settings.queues,
    concurrency: settings.workers,
    lease: settings.lease
  }
})
