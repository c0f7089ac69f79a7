/**
 * The verdict on a soak, from its ledgers and the evidence in the database.
 */
import * as Cancels from "./Cancels.ts"
import type { Evidence } from "./Database.ts"
import * as Ends from "./Ends.ts"
import * as Figures from "./Figures.ts"
import * as Jobs from "./Jobs.ts"
import * as Leases from "./Leases.ts"
import * as Ledger from "./Ledger.ts"
import * as Logs from "./Logs.ts"
import * as Offers from "./Offers.ts"
import * as Peace from "./Peace.ts"
import * as Runs from "./Runs.ts"
import * as Transacts from "./Transacts.ts"
import type { Violation } from "./Violation.ts"
import type { World } from "./World.ts"

export const of = (options: {
  readonly world: World
  readonly evidence: Evidence
  /** The violations that were found while the soak ran. */
  readonly violations: ReadonlyArray<Violation>
  readonly faults: ReadonlyMap<string, number>
  readonly drainSeconds: number
  /** Jobs a second before the faults and after them. */
  readonly rates: readonly [number, number]
}) => {
  const { evidence, world: { bouncer, crew, leaseMillis, ledger } } = options
  const entries = Ledger.read(ledger)
  const jobs = Jobs.read(entries)
  const { pauses, runs } = Runs.read(entries)
  const laneOf = (n: number) => Jobs.laneOf(jobs.get(n))
  const recoveries = Runs.recoveries(runs, entries)
  const peace = entries.find((entry) => entry.what === "fault" && entry.fault === Peace.peace)
  const peaceAt = peace?.at ?? Infinity
  const overlaps = Runs.overlaps({
    runs,
    pauses,
    laneOf,
    leaseMillis,
    rewinds: Ledger.rewindsOf(entries)
  })

  const found: ReadonlyArray<Violation> = [
    ...crew.deserters.map((detail) => ({ check: "deserted" as const, detail })),
    ...Logs.check(ledger, entries),
    ...Jobs.check(jobs, entries, evidence),
    ...overlaps.violations,
    ...Leases.check(jobs, evidence),
    ...Ends.check(jobs, entries, evidence),
    ...Transacts.check(jobs, evidence),
    ...Cancels.check(jobs, entries, evidence, pauses),
    ...Offers.check(jobs, entries, evidence, pauses),
    ...Runs.slow(recoveries, {
      leaseMillis,
      lookMillis: bouncer === undefined ? 0 : 5000,
      since: peaceAt
    }),
    ...Runs.again(runs, entries, peaceAt)
  ]
  const violations = [...options.violations, ...found]
  const table = Figures.table({
    ...options,
    jobs,
    runs,
    violations,
    recoveries,
    peaceAt,
    zombieOverlaps: overlaps.explained,
    starts: crew.starts()
  })
  return { found, violations, table }
}
