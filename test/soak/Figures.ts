/**
 * The figures of a soak, as a table.
 */
import type { Evidence } from "./Database.ts"
import * as FollowUp from "./FollowUp.ts"
import type { Job } from "./Jobs.ts"
import type { Recovery, Run } from "./Runs.ts"
import type { Violation } from "./Violation.ts"

export const table = (options: {
  readonly jobs: ReadonlyMap<number, Job>
  readonly runs: ReadonlyArray<Run>
  readonly evidence: Evidence
  readonly faults: ReadonlyMap<string, number>
  readonly recoveries: ReadonlyArray<Recovery>
  readonly zombieOverlaps: number
  readonly starts: number
  readonly drainSeconds: number
  readonly rates: readonly [number, number]
  readonly peaceAt: number
  readonly violations: ReadonlyArray<Violation>
}): string => {
  const { evidence, faults, jobs, recoveries, runs, violations } = options
  // Follow-up jobs have numbers below zero.
  const fates = tally(Array.from(jobs.values(), ({ fate, n }) => n < 0 ? "follow-up" : fate))
  const ofTransactions = runs.filter(({ n }) => FollowUp.isTransactional(jobs.get(n)?.does ?? ""))
  const committing = ofTransactions.filter(({ how }) => how === "end").length
  const ends = tally(evidence.finished.map(({ outcome }) => outcome))
  const inPeace = recoveries.filter(({ at }) => at >= options.peaceAt)
  const amid = recoveries.filter(({ at }) => at < options.peaceAt)
  const broken = tally(violations.map(({ check }) => check))
  const rows: ReadonlyArray<readonly [string, string | number]> = [
    ["jobs rolled back", fates.get("rollback") ?? 0],
    ["jobs whose commit is unknown", fates.get("unknown") ?? 0],
    ...Array.from(ends, ([outcome, times]) => [`jobs ${outcome}`, times] as const),
    ["runs", runs.length],
    ["runs of transactional jobs", ofTransactions.length],
    ["those whose commit came to nothing", committing - evidence.transacted.length],
    ["runs cut short by death", runs.filter(({ how }) => how === "killed").length],
    ["leases taken", new Set(evidence.history.map(({ lease }) => lease)).size],
    ["worker starts", options.starts],
    ...Array.from(faults).toSorted(([one], [other]) => one < other ? -1 : 1),
    ["run again after a supervised death", spread(amid, true)],
    ["run again after a death alone", spread(amid, false)],
    ["the same in peace, supervised", spread(inPeace, true)],
    ["the same in peace, alone", spread(inPeace, false)],
    ["zombie overlaps, explained by SIGSTOP", options.zombieOverlaps],
    ["seconds to drain after the faults", options.drainSeconds.toFixed(1)],
    ["jobs a second, before and after", options.rates.map((rate) => rate.toFixed(0)).join(", ")],
    ...Array.from(broken, ([check, times]) => [`VIOLATIONS: ${check}`, times] as const),
    ["violations", violations.length]
  ]
  return rows.map(([name, value]) => `${name.padEnd(44)}${value}`).join("\n")
}

const tally = (items: ReadonlyArray<string>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

const spread = (recoveries: ReadonlyArray<Recovery>, isSupervised: boolean): string => {
  const seconds = recoveries.filter((one) => one.isSupervised === isSupervised)
    .map(({ millis }) => millis / 1000).toSorted((one, other) => one - other)
  const at = (share: number) => seconds[Math.floor((seconds.length - 1) * share)]?.toFixed(1) ?? "-"
  return `${seconds.length} times; half within ${at(0.5)} s, all within ${at(1)} s`
}
