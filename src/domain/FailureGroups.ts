/**
 * Failed jobs, grouped by their names and by the fingerprints of their errors. All values are those
 * of JSON: ids are texts, times are ISO texts.
 */
import { Schema } from "effect"
import * as Count from "./Count.ts"
import * as FailureTrend from "./FailureTrend.ts"
import * as Fingerprint from "./Fingerprint.ts"

/** Jobs of one name whose last failures have one fingerprint. Each job counts once. */
export const FailureGroup = Schema.Struct({
  name: Schema.String,
  /** The first line of the errors, with `…` in place of numbers, ids and quoted parts. */
  fingerprint: Schema.String,
  /** Jobs whose last failure was in the last hour, the last 24 hours, the last 7 days. */
  hour: Count.Count,
  day: Count.Count,
  week: Count.Count,
  /** The jobs of the look that have failed for good, and were not queued again. */
  failed: Count.Count,
  /** The jobs of the look that have not ended: they are tried again, or block their lane. */
  unfinished: Count.Count,
  /** The first and the last of these failures. */
  firstAt: Schema.String,
  lastAt: Schema.String,
  trend: FailureTrend.FailureTrend,
  /** The job of the last failure, and the first line of its error. */
  sample: Schema.Struct({ job: Schema.String, error: Schema.String })
})

export interface FailureGroup extends Schema.Schema.Type<typeof FailureGroup> {}

/** The groups of the failures since a time, as far as the look went. */
export const FailureGroups = Schema.Struct({
  /** By the clock of the store. */
  at: Schema.String,
  /** The look goes back to this time. It is later than asked for if there was too much to see. */
  since: Schema.String,
  /** Whether the look went as far back as was asked for. */
  isComplete: Schema.Boolean,
  /** The rows that were looked at. */
  looked: Schema.Finite,
  /** The groups with the most failures lately first, at most 200. */
  groups: Schema.Array(FailureGroup),
  /** Whether there are more groups than these. */
  hasMoreGroups: Schema.Boolean
})

export interface FailureGroups extends Schema.Schema.Type<typeof FailureGroups> {}

/** The last failure of a job. */
export interface Failure {
  readonly id: bigint
  readonly name: string
  /** In milliseconds. */
  readonly at: number
  /** The first line of the error, or the whole text. */
  readonly error: string
  /** Whether the job has ended. */
  readonly isFinal: boolean
}

/** How far a look went. Times are in milliseconds. */
export interface Extent {
  readonly at: number
  /** How far back the look was to go, and how far it went. */
  readonly wanted: number
  readonly since: number
  readonly looked: number
}

export const groupsMax = 200

/**
 * The groups of these failures. Of the failures of a job the last one counts; of those at one time,
 * the first in the list.
 */
export const of = (failures: ReadonlyArray<Failure>, extent: Extent): FailureGroups => {
  const known = new Map<string, string>()
  const byGroup = new Map<string, Array<Failure>>()
  for (const failure of latest(failures)) {
    if (failure.at < extent.since) continue
    const id = JSON.stringify([failure.name, Fingerprint.of(failure.error, known)])
    const group = byGroup.get(id)
    if (group === undefined) byGroup.set(id, [failure])
    else group.push(failure)
  }
  const groups = Array.from(byGroup.values(), groupOf(extent)).toSorted(byWeight)
  return {
    at: new Date(extent.at).toISOString(),
    since: new Date(extent.since).toISOString(),
    isComplete: extent.since <= extent.wanted,
    looked: extent.looked,
    groups: groups.slice(0, groupsMax),
    hasMoreGroups: groups.length > groupsMax
  }
}

/** The last failure of each job, the newest first. */
const latest = (failures: ReadonlyArray<Failure>): Iterable<Failure> => {
  const byJob = new Map<bigint, Failure>()
  for (const failure of failures.toSorted((a, b) => b.at - a.at || Number(b.id - a.id))) {
    if (!byJob.has(failure.id)) byJob.set(failure.id, failure)
  }
  return byJob.values()
}

const hour = 3_600_000

const groupOf = (extent: Extent) => (failures: ReadonlyArray<Failure>): FailureGroup => {
  const [last] = failures
  const { at: lastAt, error, id, name } = last!
  const firstAt = failures.at(-1)!.at
  // The time of somebody who asks for the last hour is a little before that of the look.
  const slack = extent.since <= extent.wanted ? 0.01 : 0
  const within = (span: number) =>
    count(
      failures.filter(({ at }) => at > extent.at - span).length,
      extent.since <= extent.at - span * (1 - slack)
    )
  const ended = (isFinal: boolean) =>
    count(
      failures.filter((failure) => failure.isFinal === isFinal).length,
      extent.since <= extent.wanted
    )
  const counts = { hour: within(hour), day: within(24 * hour), week: within(7 * 24 * hour) }
  return {
    name,
    fingerprint: Fingerprint.of(error),
    ...counts,
    failed: ended(true),
    unfinished: ended(false),
    firstAt: new Date(firstAt).toISOString(),
    lastAt: new Date(lastAt).toISOString(),
    trend: FailureTrend.of({ ...counts, isNew: firstAt > extent.at - hour }),
    sample: { job: String(id), error: Fingerprint.lineOf(error) }
  }
}

const count = (value: number, isExact: boolean): Count.Count => ({
  value,
  precision: isExact ? "exact" : "atLeast"
})

const byWeight = (a: FailureGroup, b: FailureGroup): number =>
  b.hour.value - a.hour.value || b.day.value - a.day.value || b.week.value - a.week.value ||
  b.lastAt.localeCompare(a.lastAt) || a.fingerprint.localeCompare(b.fingerprint)
