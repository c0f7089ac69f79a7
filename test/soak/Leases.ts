/**
 * The history of leases: no job in two of them, no lane in two of them, and everything in order.
 */
import type { Change, Evidence } from "./Database.ts"
import { type Job, laneOf } from "./Jobs.ts"
import type { Violation } from "./Violation.ts"

/** The clocks of the producers and of the server are one, but they are read a moment apart. */
const readMillis = 20

interface Known {
  readonly id: number
  readonly job: Job
  readonly lane: string | undefined
  readonly finishedAt: number
}

export const check = (
  jobs: ReadonlyMap<number, Job>,
  { finished, history, left }: Evidence
): ReadonlyArray<Violation> => {
  const known = new Map<number, Known>()
  for (const one of [...finished, ...left.map((job) => ({ ...job, finishedAt: Infinity }))]) {
    const job = jobs.get(one.n)
    if (job === undefined) continue
    known.set(one.id, { id: one.id, job, lane: laneOf(job), finishedAt: one.finishedAt })
  }
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
    ...history.flatMap((change) => laneOrder(change, known, lanes)),
    ...queueOrder(history, known),
    ...Array.from(lanes.values()).flatMap(arrival)
  ]
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

/** Whether a claim could have seen the job. */
const wasThere = ({ job }: Known, { sent }: Change): boolean =>
  !job.isLater && job.ackedAt + readMillis < sent

const passed = (change: Change, claimed: Known, other: Known): Violation => ({
  check: "order",
  detail: `${claimed.lane ?? "no key"}: id ${claimed.id} (job ${claimed.job.n}) was claimed at ` +
    `${change.at}, ${change.mode}, before id ${other.id} (job ${other.job.n}), which was there ` +
    `since ${other.job.ackedAt}`
})

/** When a lane's job is claimed, all that go before it and were there have ended, or come along. */
const laneOrder = (
  change: Change,
  known: ById,
  lanes: ReadonlyMap<string, ReadonlyArray<Known>>
): ReadonlyArray<Violation> =>
  (change.isClaim ? change.ids : []).flatMap((id) => {
    const claimed = known.get(id)
    const lane = lanes.get(claimed?.lane ?? "")
    if (claimed === undefined || lane === undefined) return []
    const other = lane.slice(0, lane.indexOf(claimed)).find((one) =>
      wasThere(one, change) && one.finishedAt > change.at && !change.ids.includes(one.id)
    )
    return other === undefined ? [] : [passed(change, claimed, other)]
  })

/** Who claims alone passes over no job without a key, whoever else claims in another mode. */
const queueOrder = (history: ReadonlyArray<Change>, known: ById): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const arriving = Array.from(known.values())
    .filter(({ job, lane }) => lane === undefined && !job.isLater && job.ackedAt < Infinity)
    .toSorted((one, other) => other.job.ackedAt - one.job.ackedAt)
  const unclaimed = new Map<number, Known>()
  const gone = new Set<number>()
  for (const change of history) {
    if (!change.isClaim) continue
    while ((arriving.at(-1)?.job.ackedAt ?? Infinity) < change.sent) {
      const next = arriving.pop()
      if (next !== undefined && !gone.has(next.id)) unclaimed.set(next.id, next)
    }
    for (const id of change.ids) {
      unclaimed.delete(id)
      gone.add(id)
    }
    if (!change.mode?.startsWith("advisory")) continue
    const claimed = change.ids.flatMap((id) => known.get(id) ?? [])
      .filter(({ lane }) => lane === undefined)
    for (const other of unclaimed.values()) {
      const later = wasThere(other, change) &&
        claimed.find((one) => one.job.queue === other.job.queue && goesBefore(other, one))
      if (later) violations.push(passed(change, later, other))
    }
  }
  return violations
}

/** Of two jobs of a lane and a priority, the one that was there before the other began is first. */
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
