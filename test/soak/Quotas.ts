/**
 * How often each fault must happen in a soak, so that none is left to chance.
 */

import { looks } from "./Auditor.ts"
import type { Violation } from "./Violation.ts"

const jobs = "jobs added"

/** What a short run owes. */
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
  [jobs]: 30_000
}

/** Of faults. */
export const shortSeconds = 220

/** So far; a count of `worker kill -9, alone` is one of `worker kill -9` as well. */
export const counted = (counts: ReadonlyMap<string, number>, name: string): number =>
  Array.from(counts).reduce(
    (sum, [one, times]) => one === name || one.startsWith(`${name}, `) ? sum + times : sum,
    0
  )

/** What a run of so many seconds owes; nothing for a fault that may as well not happen. */
export const quota = (name: string, seconds: number): number | undefined => {
  const owed = short[name]
  return owed === undefined ? undefined : Math.ceil(owed * seconds / shortSeconds)
}

/** The quotas that are not reached, in so many words. */
export const missing = (
  counts: ReadonlyMap<string, number>,
  seconds: number
): ReadonlyArray<string> => below(counts, (name) => quota(name, seconds) ?? 0)

/** What was so rare that a soak in which nothing broke says nothing. */
export const tooFew = (
  counts: ReadonlyMap<string, number>,
  { pace, rate, seconds }: {
    readonly pace: number
    readonly rate: number
    readonly seconds: number
  }
): ReadonlyArray<Violation> =>
  [
    // Half of what was owed, or of what was asked for.
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
