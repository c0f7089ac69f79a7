/**
 * How often each fault must happen in a soak, so that none is left to chance.
 */

import { looks } from "./Auditor.ts"
import { cancels } from "./Canceller.ts"
import { offers } from "./Offerer.ts"
import { expiries, pauses, retries } from "./Operator.ts"
import type { Violation } from "./Violation.ts"

const jobs = "jobs added"

/** The quotas of a short run. */
const short: Readonly<Record<string, number>> = {
  "worker kill -9": 100,
  "backend kill": 500,
  "SIGSTOP beyond the lease": 10,
  "server crash": 3,
  "failover, asynchronous": 1,
  "failover, synchronous": 1,
  "TCP cut": 50,
  "TCP blackhole": 5,
  signals: 100,
  [cancels]: 100,
  [retries]: 100,
  [expiries]: 100,
  [pauses]: 20,
  [offers]: 200,
  [jobs]: 30_000
}

/** How long a short run injects faults. */
export const shortSeconds = 220

/**
 * How often a fault has happened so far. `worker kill -9, alone` also counts as `worker kill -9`.
 */
export const counted = (counts: ReadonlyMap<string, number>, name: string): number =>
  Array.from(counts).reduce(
    (sum, [one, times]) => one === name || one.startsWith(`${name}, `) ? sum + times : sum,
    0
  )

/** The quota of a run of this length; `undefined` for a fault that need not happen. */
export const quota = (name: string, seconds: number): number | undefined => {
  const owed = short[name]
  return owed === undefined ? undefined : Math.ceil(owed * seconds / shortSeconds)
}

/** A text for each quota that is not reached. */
export const missing = (
  counts: ReadonlyMap<string, number>,
  seconds: number
): ReadonlyArray<string> => below(counts, (name) => quota(name, seconds) ?? 0)

/** A violation for each fault that was too rare: a soak with too few faults proves nothing. */
export const tooFew = (
  counts: ReadonlyMap<string, number>,
  { pace, rate, seconds }: {
    readonly pace: number
    readonly rate: number
    readonly seconds: number
  }
): ReadonlyArray<Violation> =>
  [
    // Half of each quota, scaled down where `pace` is below 1; of the jobs, a quarter of the number
    // asked for.
    ...below(counts, (name) =>
      name === jobs
        ? rate * seconds / 4
        : Math.round((short[name] ?? 0) * Math.min(pace, 1) * seconds / shortSeconds / 2)),
    ...below(counts, () => seconds / 4, [looks])
  ].map((detail) => ({ check: "too few faults", detail }))

const below = (
  counts: ReadonlyMap<string, number>,
  owedOf: (name: string) => number,
  names: ReadonlyArray<string> = Object.keys(short)
): ReadonlyArray<string> =>
  names.flatMap((name) => {
    const owed = owedOf(name)
    const times = counted(counts, name)
    return times >= owed ? [] : [`${name}: ${times} of ${owed}`]
  })
