/**
 * The jobs as their producers know them, and whether each came to the one end it must.
 */
import type { Evidence, Finished } from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export interface Job extends Ledger.IntentEntry {
  /** Whether it was added; `unknown` where the answer to COMMIT was lost. */
  readonly fate: "ack" | "rollback" | "unknown"
  /** When its producer knew that it was added, by the time of day. */
  readonly ackedAt: number
  /** The same by the clock of the ledgers. */
  readonly ackedMonotonic: number
}

export const read = (entries: ReadonlyArray<Ledger.Entry>): ReadonlyMap<number, Job> => {
  const ends = new Map(
    entries.flatMap((entry) =>
      entry.what === "ack" || entry.what === "rollback" || entry.what === "unknown"
        ? [[entry.tx, entry] as const]
        : []
    )
  )
  return new Map(entries.flatMap((entry) => {
    if (entry.what !== "intent") return []
    const end = ends.get(entry.tx)
    const fate = end?.what ?? "unknown"
    const isAcked = end?.what === "ack"
    const ackedAt = isAcked ? end.wall : Infinity
    const ackedMonotonic = isAcked ? end.at : Infinity
    return [[entry.n, { ...entry, fate, ackedAt, ackedMonotonic }] as const]
  }))
}

/** A lane's name; nothing for a job without a key. */
export const laneOf = (job: Job | undefined): string | undefined =>
  job === undefined || job.key === null ? undefined : `${job.queue}/${job.key}`

/** Every job that was added ends exactly once, as it should, and none that was not. */
export const check = (
  jobs: ReadonlyMap<number, Job>,
  entries: ReadonlyArray<Ledger.Entry>,
  { finished, left }: Evidence
): ReadonlyArray<Violation> => {
  const ends = new Map<number, ReadonlyArray<Finished>>()
  for (const one of finished) ends.set(one.n, [...ends.get(one.n) ?? [], one])
  const isLeft = new Set(left.map(({ n }) => n))
  const hasRun = new Set<number>()
  const hasEnded = new Set<number>()
  for (const entry of entries) {
    if (entry.what === "start") hasRun.add(entry.n)
    if (entry.what === "end") hasEnded.add(entry.n)
  }
  const isForgotten = Ledger.isForgotten(entries)

  return Array.from(jobs.values()).flatMap((job): ReadonlyArray<Violation> => {
    const { does, fate, n } = job
    const found = ends.get(n) ?? []
    const isThere = found.length > 0 || isLeft.has(n)
    const detail = `job ${n} (${does}, ${laneOf(job) ?? "no key"}): ${
      found.map(({ finishedAt, outcome }) => `${outcome} at ${finishedAt}`).join(", ") || "no end"
    }`
    if (fate === "rollback") {
      return isThere || hasRun.has(n) ? [{ check: "never added", detail }] : []
    }
    if (!isThere) {
      return fate === "ack" && !isForgotten(job.ackedMonotonic) ? [{ check: "lost", detail }] : []
    }
    if (found.length > 1) return [{ check: "doubled", detail }]
    const [end] = found
    if (end === undefined) return []
    if (end.outcome === "completed" && !hasEnded.has(n)) return [{ check: "not run", detail }]
    const expected = does === "doomed" ? "failed" : "completed"
    // Deaths of its workers end any job; `Ends.ts` counts them.
    return end.outcome === expected || end.outcome === "crashed"
      ? []
      : [{ check: "wrong end", detail }]
  })
}
