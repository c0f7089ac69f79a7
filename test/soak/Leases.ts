/**
 * Checks the history of leases: no job and no lane is in two leases, and jobs are claimed in order.
 */
import type { Change, Evidence } from "./Database.ts"
import { type Job, laneOf } from "./Jobs.ts"
import type { Violation } from "./Violation.ts"

/** Milliseconds. Producers and server share one clock, but they read it a moment apart. */
const readMillis = 20

/**
 * Milliseconds. A cancel of a job that waits has locked the job for so long, at the most, when it
 * ends the job. Other claims pass over the job meanwhile.
 */
const cancelMillis = 1000

interface Known {
  readonly id: number
  readonly job: Job
  readonly lane: string | undefined
  readonly finishedAt: number
  /**
   * The time since when the job may be claimed for certain: its producer knew of the commit, or the
   * job was claimed. A job for later counts from its first claim, and a job that was queued again
   * never.
   */
  readonly since: number
}

export const check = (
  jobs: ReadonlyMap<number, Job>,
  { finished, history, left, redriven }: Evidence
): ReadonlyArray<Violation> => {
  const known = new Map<number, Known>()
  const claimedAt = firstClaims(history)
  const isRedriven = new Set(redriven)
  const add = ({ id, n }: { readonly id: number; readonly n: number }, finishedAt: number) => {
    const job = jobs.get(n)
    if (job === undefined) return
    const ackedAt = job.isLater ? Infinity : job.ackedAt
    const since = isRedriven.has(id)
      ? Infinity
      : Math.min(ackedAt, claimedAt.get(id) ?? Infinity)
    known.set(id, { id, job, lane: laneOf(job), finishedAt, since })
  }
  for (const one of finished) {
    add(one, one.finishedAt - (one.lease === null ? cancelMillis : 0))
  }
  for (const one of left) add(one, Infinity)
  const lanes = new Map<string, Array<Known>>()
  for (const one of known.values()) {
    if (one.lane === undefined) continue
    const lane = lanes.get(one.lane) ?? []
    lane.push(one)
    lanes.set(one.lane, lane)
  }
  for (const lane of lanes.values()) lane.sort((one, other) => goesBefore(one, other) ? -1 : 1)

  return [
    ...exclusion(history, known),
    ...laneOrder(history, known),
    ...queueOrder(history, known),
    ...Array.from(lanes.values()).flatMap(arrival)
  ]
}

const firstClaims = (history: ReadonlyArray<Change>): ReadonlyMap<number, number> => {
  const first = new Map<number, number>()
  for (const { at, ids, isClaim } of history) {
    for (const id of isClaim ? ids : []) if (!first.has(id)) first.set(id, at)
  }
  return first
}

const goesBefore = (one: Known, other: Known): boolean =>
  one.job.priority > other.job.priority ||
  (one.job.priority === other.job.priority && one.id < other.id)

type ById = ReadonlyMap<number, Known>

const exclusion = (history: ReadonlyArray<Change>, known: ById): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const leaseOf = new Map<number, string>()
  const held = new Map<string, Map<number, string>>()
  for (const { ids, isClaim, lease } of history) {
    for (const id of ids) {
      const before = leaseOf.get(id)
      if (isClaim && before !== undefined) {
        violations.push({ check: "claimed twice", detail: `id ${id} in ${before} and ${lease}` })
      }
      if (isClaim) leaseOf.set(id, lease)
      else if (before === lease) leaseOf.delete(id)

      const lane = known.get(id)?.lane
      if (lane === undefined) continue
      const holders = held.get(lane) ?? new Map<number, string>()
      held.set(lane, holders)
      const [other] = Array.from(holders).filter(([, holder]) => holder !== lease)
      if (isClaim && other !== undefined) {
        const detail = `${lane}: id ${other[0]} in ${other[1]}, id ${id} in ${lease}`
        violations.push({ check: "two leases of a lane", detail })
      }
      if (isClaim) holders.set(id, lease)
      else if (holders.get(id) === lease) holders.delete(id)
    }
  }
  return violations
}

/** Whether the job was there before the claim was sent. */
const wasThere = ({ since }: Known, { sent }: Change): boolean => since + readMillis < sent

const passed = (change: Change, claimed: Known, other: Known): Violation => ({
  check: "order",
  detail: `${claimed.lane ?? "no key"}: id ${claimed.id} (job ${claimed.job.n}) was claimed at ` +
    `${change.at}, ${change.mode}, before id ${other.id} (job ${other.job.n}), which was there ` +
    `since ${other.since}`
})

/**
 * Answers, claim by claim, the jobs that have come since the claim before. The earliest of `coming`
 * is its last element.
 */
const comers = (known: ReadonlyArray<Known>) => {
  const coming = known.filter(({ since }) => since < Infinity)
    .toSorted((one, other) => other.since - one.since)
  return (change: Change): ReadonlyArray<Known> => {
    const come: Array<Known> = []
    for (let next = coming.at(-1); next !== undefined && next.since < change.at;) {
      come.push(next)
      coming.pop()
      next = coming.at(-1)
    }
    return come
  }
}

/**
 * For each lane or queue, the claimed job that goes last. A job that goes before it and was not
 * claimed was passed over.
 */
const lastOf = (claimed: ReadonlyArray<Known>, nameOf: (one: Known) => string) => {
  const last = new Map<string, Known>()
  for (const one of claimed) {
    const before = last.get(nameOf(one))
    if (before === undefined || goesBefore(before, one)) last.set(nameOf(one), one)
  }
  return last
}

/**
 * When a job of a lane is claimed, each job that was there and goes before it has ended, or is in
 * the same claim.
 */
const laneOrder = (history: ReadonlyArray<Change>, known: ById): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const comersOf = comers(Array.from(known.values()).filter(({ lane }) => lane !== undefined))
  const unfinished = new Map<string, Set<Known>>()
  for (const change of history) {
    if (!change.isClaim) continue
    for (const one of comersOf(change)) {
      const lane = unfinished.get(one.lane ?? "") ?? new Set()
      unfinished.set(one.lane ?? "", lane.add(one))
    }
    const claimed = change.ids.flatMap((id) => known.get(id) ?? [])
    const ids = new Set(change.ids)
    for (const [name, last] of lastOf(claimed, ({ lane }) => lane ?? "")) {
      const lane = unfinished.get(name) ?? new Set()
      for (const other of lane) {
        if (other.finishedAt <= change.at) lane.delete(other)
        else if (goesBefore(other, last) && wasThere(other, change) && !ids.has(other.id)) {
          violations.push(passed(change, last, other))
          break
        }
      }
    }
  }
  return violations
}

/**
 * Milliseconds. A claim that came to nothing may have held jobs for this long; other claims pass
 * over such jobs.
 */
const heldMillis = 5000

/**
 * Milliseconds. After a longer time without a claim that passed over the job, the server was away.
 * Another claim may then have held the job, so the time of `heldMillis` starts again.
 */
const seriesMillis = 1000

/**
 * A claim in another mode than `row-lock` passes over no job without a key, in whatever mode other
 * workers claim. A `row-lock` claim may pass over a job that another claim holds, but not again and
 * again.
 */
const queueOrder = (history: ReadonlyArray<Change>, known: ById): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const comersOf = comers(
    Array.from(known.values()).filter(({ job, lane }) => lane === undefined && !job.isLater)
  )
  const unclaimed = new Map<string, Map<number, Known>>()
  const gone = new Set<number>()
  const passes = new Map<number, { readonly since: number; readonly last: number }>()
  for (const change of history) {
    if (!change.isClaim) continue
    for (const one of comersOf(change)) {
      const queue = unclaimed.get(one.job.queue) ?? new Map<number, Known>()
      if (!gone.has(one.id)) unclaimed.set(one.job.queue, queue.set(one.id, one))
    }
    const claimed = change.ids.flatMap((id) => known.get(id) ?? [])
      .filter(({ lane }) => lane === undefined)
    for (const { id, job } of claimed) {
      unclaimed.get(job.queue)?.delete(id)
      gone.add(id)
    }
    const isAlone = change.mode !== null && change.mode !== "row-lock"
    for (const [queue, last] of lastOf(claimed, ({ job }) => job.queue)) {
      for (const other of unclaimed.get(queue)?.values() ?? []) {
        if (!wasThere(other, change) || !goesBefore(other, last)) continue
        if (other.finishedAt <= change.at) continue
        const before = passes.get(other.id)
        const isAgain = before !== undefined && change.sent - before.last <= seriesMillis
        const since = isAgain ? before.since : change.at
        if (isAlone || change.sent - since > heldMillis) {
          violations.push(passed(change, last, other))
        }
        passes.set(other.id, { since, last: change.at })
      }
    }
  }
  return violations
}

/**
 * Of two jobs with one lane and priority, a job that was acknowledged before the other was begun
 * goes first.
 */
const arrival = (lane: ReadonlyArray<Known>): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const earliest = new Map<number, Known>()
  for (const one of lane.toReversed()) {
    const later = earliest.get(one.job.priority)
    if (later !== undefined && later.job.ackedMonotonic < one.job.at) {
      const detail = `${one.lane}: job ${later.job.n} came before job ${one.job.n}, ` +
        `but has id ${later.id} after ${one.id}`
      violations.push({ check: "order", detail })
    }
    if (later === undefined || one.job.ackedMonotonic < later.job.ackedMonotonic) {
      earliest.set(one.job.priority, one)
    }
  }
  return violations
}
