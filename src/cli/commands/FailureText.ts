/**
 * Failures in groups, as text for people and as JSON.
 */
import type { FailureGroup, FailureGroups } from "../../domain/FailureGroups.ts"
import * as StatusText from "../StatusText.ts"

/** Which groups to show. */
export interface Shown {
  readonly limit: number
  readonly name: string | undefined
}

/** A line for each group, and how far back the look went if it is not as far as was asked for. */
export const ofGroups = (found: FailureGroups, shown: Shown): string => {
  const { all, groups } = choose(found, shown)
  const rest = all.length - groups.length
  return [
    groups.length === 0 ? "nothing has failed" : StatusText.table(head, groups.map(rowOf)),
    ...(rest > 0 || found.hasMoreGroups ? [`There are more groups: these are the first.`] : []),
    ...(found.isComplete
      ? []
      : [`The look at ${found.looked} rows goes back to ${found.since}. There may be more before.`])
  ].join("\n")
}

export const json = (found: FailureGroups, shown: Shown): string => {
  const { all, groups } = choose(found, shown)
  const hasMoreGroups = found.hasMoreGroups || groups.length < all.length
  return JSON.stringify({ ...found, groups, hasMoreGroups }, undefined, 2)
}

const choose = ({ groups }: FailureGroups, { limit, name }: Shown) => {
  const all = groups.filter((group) => name === undefined || group.name === name)
  return { all, groups: all.slice(0, limit) }
}

const head = [
  "name",
  "1h",
  "24h",
  "7d",
  "failed",
  "unfinished",
  "trend",
  "first",
  "last",
  "job",
  "error"
]

const rowOf = (group: FailureGroup): ReadonlyArray<string | number> => [
  StatusText.printable(group.name),
  StatusText.numberOf(group.hour),
  StatusText.numberOf(group.day),
  StatusText.numberOf(group.week),
  StatusText.numberOf(group.failed),
  StatusText.numberOf(group.unfinished),
  group.trend,
  secondOf(group.firstAt),
  secondOf(group.lastAt),
  group.sample.job,
  StatusText.printable(group.fingerprint)
]

const secondOf = (at: string): string => at.replace(/\.\d+Z$/, "Z")
