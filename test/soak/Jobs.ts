/**
 * The jobs as the ledgers of their producers have them, and a check that each came to its right
 * end.
 */
import type { Evidence, Finished, Replaced } from "./Database.ts"
import * as FollowUp from "./FollowUp.ts"
import * as Ledger from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export interface Job extends Ledger.IntentEntry {
  /** Whether the job was added; `unknown` if the end of its transaction is not certain. */
  readonly fate: "ack" | "rollback" | "unknown"
  /**
   * When the producer knew that the job was added, by the wall clock; infinite without an answer.
   */
  readonly ackedAt: number
  /** The same moment by the clock of the ledgers. */
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
    const job: Job = { ...entry, fate, ackedAt, ackedMonotonic }
    return (FollowUp.isTransactional(job.does) ? [job, followUpOf(job)] : [job])
      .map((one) => [one.n, one] as const)
  }))
}

/** No ledger tells whether it was added. `Transacts.ts` does. */
const followUpOf = (job: Job): Job => ({
  ...job,
  ...FollowUp.of(job.n),
  priority: 0,
  isLater: false,
  fate: "unknown",
  ackedAt: Infinity,
  ackedMonotonic: Infinity
})

/** The name of the job's lane; `undefined` for a job without a key. */
export const laneOf = (job: Job | undefined): string | undefined =>
  job === undefined || job.key === null ? undefined : `${job.queue}/${job.key}`

/**
 * An added job must not be lost or end twice, and must end as expected. A job that was rolled back
 * must neither exist nor run.
 */
export const check = (
  jobs: ReadonlyMap<number, Job>,
  entries: ReadonlyArray<Ledger.Entry>,
  { finished, left, replaced }: Evidence
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
  const mayExpire = alsoLater(
    new Set(entries.flatMap((entry) => entry.what === "expire" ? [entry.n] : [])),
    replaced
  )
  const isReplaced = new Set(replaced.map(({ before }) => before))
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
      return fate === "ack" && !isReplaced.has(n) && !isForgotten(job.ackedMonotonic)
        ? [{ check: "lost", detail }]
        : []
    }
    if (found.length > 1) return [{ check: "doubled", detail }]
    const [end] = found
    if (end === undefined) return []
    if (end.outcome === "completed" && !hasEnded.has(n)) return [{ check: "not run", detail }]
    const expected = does === "doomed" || does === "vain" ? "failed" : "completed"
    // The deaths of workers may end any job as crashed. `Ends.ts` counts the claims of such a job.
    // `Cancels.ts` looks who has cancelled a job.
    return [expected, "crashed", "cancelled"].includes(end.outcome) ||
        (end.outcome === "expired" && mayExpire.has(n))
      ? []
      : [{ check: "wrong end", detail }]
  })
}

/**
 * The numbers, and those that have taken their place: what somebody asks for a job may meet it when
 * it has another number already.
 */
export const alsoLater = (
  numbers: ReadonlySet<number>,
  replaced: ReadonlyArray<Replaced>
): ReadonlySet<number> => {
  const all = new Set(numbers)
  const next = new Map(replaced.map(({ after, before }) => [before, after]))
  for (const n of numbers) {
    for (let later = next.get(n); later !== undefined; later = next.get(later)) all.add(later)
  }
  return all
}
