/**
 * Whether failures of one group become more, in a word.
 */
import { Schema } from "effect"
import type { Count } from "./Count.ts"

/**
 * The failures of the last hour against those of the 23 hours before: `new` if all of 24 hours are
 * of the last hour, `rising` and `falling` if there are twice or half as many in an hour, `over` if
 * the last hour has none, else `steady`. It is `unknown` if the look did not go back for 24 hours.
 */
export const FailureTrend = Schema.Literals([
  "new",
  "rising",
  "steady",
  "falling",
  "over",
  "unknown"
])

export type FailureTrend = typeof FailureTrend.Type

export const of = ({ day, hour, isNew }: {
  readonly hour: Count
  readonly day: Count
  /** Whether no failure of the group is known from before the last hour. */
  readonly isNew: boolean
}): FailureTrend => {
  if (hour.precision === "exact" && hour.value === 0) return "over"
  if (day.precision !== "exact") return "unknown"
  if (isNew) return "new"
  const before = (day.value - hour.value) / 23
  if (hour.value > 2 * before) return "rising"
  return hour.value < before / 2 ? "falling" : "steady"
}
