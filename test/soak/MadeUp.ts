/**
 * Ledgers and evidence made up for the tests of the checks.
 */
import * as Cancels from "./Cancels.ts"
import type { Change, Evidence } from "./Database.ts"
import * as Jobs from "./Jobs.ts"
import * as Leases from "./Leases.ts"
import * as Ledger from "./Ledger.ts"
import * as Offers from "./Offers.ts"
import * as Runs from "./Runs.ts"
import * as Transacts from "./Transacts.ts"

export const leaseMillis = 1000

/**
 * The entries of a job in lane `main/key` that was added at this time. The job's id is its number.
 */
export const added = (n: number, at: number, more: object = {}): ReadonlyArray<Ledger.Entry> => [
  {
    what: "intent",
    at,
    n,
    tx: `tx${n}`,
    queue: "main",
    key: "key",
    priority: 0,
    isLater: false,
    does: "value",
    ...more
  },
  { what: "ack", at: at + 1, wall: at + 1, tx: `tx${n}` }
]

export const ran = (
  what: Ledger.RunEntry["what"],
  n: number,
  at: number,
  pid = 1
): Ledger.Entry => ({
  what,
  at,
  pid,
  run: n,
  n,
  attempt: 1
})

export const ended = (n: number, finishedAt: number, outcome = "completed") => ({
  id: n,
  n,
  outcome,
  finishedAt,
  attempt: 1,
  lease: "a"
})

export const moved = (
  isClaim: boolean,
  at: number,
  lease: string,
  ...ids: ReadonlyArray<number>
): Change => ({
  at,
  sent: at - 1,
  isClaim,
  lease,
  mode: "advisory 42",
  ids
})

export const nothing: Evidence = {
  finished: [],
  history: [],
  left: [],
  effects: [],
  transacted: [],
  redriven: [],
  holdings: [],
  replaced: []
}

export const found = (entries: ReadonlyArray<Ledger.Entry>, evidence: Partial<Evidence>) => {
  const all = { ...nothing, ...evidence }
  const jobs = Jobs.read(entries)
  const laneOf = (n: number) => Jobs.laneOf(jobs.get(n))
  const { pauses, runs } = Runs.read(entries)
  return [
    ...Jobs.check(jobs, entries, all),
    ...Runs.overlaps({
      runs,
      pauses,
      laneOf,
      leaseMillis,
      rewinds: Ledger.rewindsOf(entries)
    }).violations,
    ...Leases.check(jobs, all),
    ...Transacts.check(jobs, all),
    ...Cancels.check(jobs, entries, all, pauses),
    ...Offers.check(jobs, entries, all, pauses)
  ].map(({ check }) => check)
}

export const inOrder = (entries: ReadonlyArray<Ledger.Entry>) =>
  entries.toSorted((one, other) => one.at - other.at)
