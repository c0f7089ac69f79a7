/**
 * Checks the ends of jobs against the claims of the jobs and the entries of their handlers.
 */
import type { Evidence, Finished } from "./Database.ts"
import { type Job, laneOf } from "./Jobs.ts"
import type { Entry } from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

/** A job fails as crashed at this many deaths, so it was claimed at least as often. */
const deaths = 3

export const check = (
  jobs: ReadonlyMap<number, Job>,
  entries: ReadonlyArray<Entry>,
  { effects, finished, history }: Evidence
): ReadonlyArray<Violation> => {
  const claims = new Map<number, { readonly lease: string; readonly times: number }>()
  for (const { ids, isClaim, lease } of history) {
    for (const id of isClaim ? ids : []) {
      claims.set(id, { lease, times: (claims.get(id)?.times ?? 0) + 1 })
    }
  }
  const failures = new Map<number, number>()
  for (const entry of entries) {
    if (entry.what !== "fail" && entry.what !== "abort") continue
    failures.set(entry.n, (failures.get(entry.n) ?? 0) + 1)
  }
  const hasEffect = new Set(effects)

  return finished.flatMap((end): ReadonlyArray<Violation> => {
    const job = jobs.get(end.n)
    if (job === undefined) return [{ check: "never added", detail: `id ${end.id}: ${end.outcome}` }]
    const detail = `id ${end.id} (job ${end.n}, ${job.does}, ${laneOf(job) ?? "no key"}): ` +
      `${end.outcome} at ${end.finishedAt} in try ${end.attempt} under ${end.lease}`
    const claim = claims.get(end.id)
    const isHarmed = end.outcome !== "crashed" || (claim?.times ?? 0) >= deaths
    return [
      ...end.lease === null || claim?.lease === end.lease
        ? []
        : [{ check: "wrong lease" as const, detail: `${detail}, not ${claim?.lease}` }],
      ...isHarmed ? [] : [{ check: "wrong end" as const, detail }],
      ...isTried(job, end, failures.get(end.n) ?? 0)
        ? []
        : [{ check: "attempts" as const, detail }],
      ...job.does === "effect" && end.outcome === "completed" && !hasEffect.has(end.n)
        ? [{ check: "no effect" as const, detail }]
        : []
    ]
  })
}

/**
 * Whether the attempts of a finished job fit the ledgers. A run that a death cut short is no
 * attempt.
 */
const isTried = ({ does, n }: Job, { attempt, outcome }: Finished, failures: number): boolean => {
  if (outcome === "completed") {
    const least = does === "flaky" ? 2 + n % 2 : does === "transact" && n % 4 === 0 ? 2 : 1
    return attempt >= least && attempt <= failures + 1
  }
  return attempt <= failures && ((does !== "doomed" && does !== "vain") || attempt <= 2)
}
