/**
 * Checks that a unique key never has two holders, that a job which stood for an offer had not
 * ended, and that of a replaced job only the last values run.
 */
import * as Cancels from "./Cancels.ts"
import type { Evidence, Holding } from "./Database.ts"
import type { Job } from "./Jobs.ts"
import * as Ledger from "./Ledger.ts"
import type { Pause } from "./Runs.ts"
import type { Violation } from "./Violation.ts"

export const check = (
  jobs: ReadonlyMap<number, Job>,
  entries: ReadonlyArray<Ledger.Entry>,
  { holdings, replaced }: Evidence,
  pauses: ReadonlyArray<Pause>
): ReadonlyArray<Violation> => {
  const isForgotten = Ledger.isForgotten(entries)
  const offers = entries.filter((entry) => entry.what === "offer")
    .filter(({ at }) => !isForgotten(at))
  const replacedAt = new Map(
    offers.flatMap(({ at, n, outcome }) => outcome === "replaced" ? [[n, at] as const] : [])
  )
  const endOf = new Map(replaced.map(({ after, before }) => [before, replacedAt.get(after)]))
  const ofIds = new Map<number, Array<Holding>>()
  for (const one of holdings) ofIds.set(one.id, [...ofIds.get(one.id) ?? [], one])
  return [
    ...twoHolders(holdings),
    ...offers.flatMap((offer) => wasThere(offer, ofIds.get(offer.id) ?? [])),
    ...replaced.flatMap(({ after, before, id, isLeased }): ReadonlyArray<Violation> =>
      isLeased
        ? [{ check: "replaced, and run", detail: `id ${id} was leased: ${before} by ${after}` }]
        : []
    ),
    ...Cancels.lateStarts(jobs, entries, pauses).flatMap((
      { at, n, pid }
    ): ReadonlyArray<Violation> =>
      at > (endOf.get(n) ?? Infinity)
        ? [{
          check: "replaced, and run",
          detail: `job ${n} was replaced at ${endOf.get(n)}, and started at ${at} in ${pid}`
        }]
        : []
    )
  ]
}

const twoHolders = (holdings: ReadonlyArray<Holding>): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const holderOf = new Map<string, number>()
  for (const { at, id, key, takes } of holdings) {
    const holder = holderOf.get(key)
    if (takes && holder !== undefined) {
      violations.push({
        check: "two holders",
        detail: `${key}: id ${id} beside ${holder} at ${at}`
      })
    }
    if (takes) holderOf.set(key, id)
    else if (holder === id) holderOf.delete(key)
  }
  return violations
}

/**
 * A job that stands for an offer had the key while the call was under way. Within a hold it may
 * have ended.
 */
const wasThere = (
  { id, isWithin, key, n, outcome, sent, wall }: Ledger.OfferEntry,
  holdings: ReadonlyArray<Holding>
): ReadonlyArray<Violation> => {
  if (isWithin || outcome === "added") return []
  const own = holdings.filter((one) => one.key === key)
  const held = own.some(({ at, takes }, nth) =>
    takes && at <= wall + readMillis && (own[nth + 1]?.at ?? Infinity) + commitMillis >= sent
  )
  return held ? [] : [{
    check: "stood for by a job that had ended",
    detail: `job ${n} (${key}): ${outcome} for id ${id}, from ${sent} to ${wall}`
  }]
}

/** Milliseconds. The clocks of the ledger and of the server are read to different precisions. */
const readMillis = 1

/** Milliseconds. The end of a job is seen when its transaction has ended, which may take long. */
const commitMillis = 5000
