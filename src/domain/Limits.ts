/**
 * The limits beyond which a fact about a schema is a problem. Spans are in seconds.
 */
export interface Limits {
  /** The longest that a ready job should wait, in a queue without an objective. */
  readonly latency: number
  /** The same for a queue by its name, whatever its objective. */
  readonly latencies?: Readonly<Record<string, number>> | undefined
  /** The longest that a due job should take to become ready. */
  readonly promotionLag: number
  /** The share of a lease after which a worker without a renewal is frozen. */
  readonly renewal: number
  /** The share of the jobs of a name that may fail. */
  readonly failureShare: number
  /** How many jobs of a name may fail in a minute, whatever the share. */
  readonly failuresPerMinute: number
  /** The longest that something may hold the horizon. */
  readonly horizon: number
  /** The same in transactions, where the span is not known. */
  readonly horizonTransactions: number
  /** The dead rows that a table may have, and how many for each live one. */
  readonly deadRows: number
  readonly deadRowsPerLive: number
  /** The longest that a pause without an end goes unnoticed. */
  readonly pause: number
  /** For how long the death of a worker is told. */
  readonly deathsSpan: number
  /** How many workers may die in that time. */
  readonly deaths: number
  /** The longest that workers may run more than one version. */
  readonly versions: number
}

export const defaults: Limits = {
  latency: 60,
  promotionLag: 10,
  renewal: 2 / 3,
  failureShare: 0.05,
  failuresPerMinute: 10,
  horizon: 600,
  horizonTransactions: 1_000_000,
  deadRows: 100_000,
  deadRowsPerLive: 5,
  pause: 3600,
  deathsSpan: 600,
  deaths: 2,
  versions: 3600
}

/** The longest that a ready job of a queue should wait: by the limits for it, or its objective. */
export const latencyOf = (
  { latencies, latency }: Limits,
  { objective, queue }: { readonly queue: string; readonly objective: number | null }
): number => latencies?.[queue] ?? objective ?? latency
