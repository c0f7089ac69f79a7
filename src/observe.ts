/**
 * Metrics and probes of a worker, and metrics of a schema, over the HTTP modules of Effect, which
 * may change with each of its minor versions.
 */
export * as Metrics from "./observe/Metrics.ts"
export * as Probes from "./observe/Probes.ts"
export * as QueueMetrics from "./observe/QueueMetrics.ts"
