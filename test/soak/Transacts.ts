/**
 * Checks that a transactional job has its row and its follow-up job if and only if it was
 * completed, and has neither of them twice. All of them stand in the database, so what a failover
 * loses it loses together.
 */
import type { Evidence } from "./Database.ts"
import * as FollowUp from "./FollowUp.ts"
import type { Job } from "./Jobs.ts"
import type { Violation } from "./Violation.ts"

export const check = (
  jobs: ReadonlyMap<number, Job>,
  { finished, left, transacted }: Evidence
): ReadonlyArray<Violation> => {
  const pids = new Map<number, ReadonlyArray<number>>()
  for (const { n, pid } of transacted) pids.set(n, [...pids.get(n) ?? [], pid])
  const followUps = new Map<number, number>()
  for (const { n } of [...finished, ...left]) followUps.set(n, (followUps.get(n) ?? 0) + 1)
  const completed = new Set(
    finished.flatMap(({ n, outcome }) => outcome === "completed" ? [n] : [])
  )
  const ours = Array.from(jobs.values()).filter(({ does }) => FollowUp.isTransactional(does))
  const all = new Set([...ours.map(({ n }) => n), ...pids.keys()])

  return Array.from(all).flatMap((n): ReadonlyArray<Violation> => {
    const writers = pids.get(n) ?? []
    const counts = [writers.length, followUps.get(FollowUp.of(n).n) ?? 0]
    const expected = completed.has(n) ? 1 : 0
    const detail = `job ${n} (${jobs.get(n)?.does}): ${expected === 1 ? "" : "not "}completed, ` +
      `${counts[0]} rows by [${writers.join(", ")}], ${counts[1]} follow-ups`
    if (counts.some((count) => count > 1)) return [{ check: "done twice", detail }]
    return counts.every((count) => count === expected) ? [] : [{ check: "half done", detail }]
  })
}
