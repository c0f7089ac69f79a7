/**
 * A metric, as the lists of metrics name it.
 */

/** One metric, as OpenTelemetry and as Prometheus have it. */
export interface MetricName {
  readonly prometheus: string
  readonly type: "counter" | "gauge" | "histogram"
  /** In the notation of UCUM: seconds, bytes, a thing that is counted, or 1 for yes or no. */
  readonly unit:
    | "s"
    | "By"
    | "1"
    | "{message}"
    | "{job}"
    | "{error}"
    | "{worker}"
    | "{lane}"
    | "{row}"
    | "{transaction}"
  /** Beside `messaging.system`, which is "pgq" in all of them. */
  readonly attributes: ReadonlyArray<string>
  readonly meaning: string
}
