/**
 * A lane as text for people: its head, and the jobs behind it in their order.
 */
import * as CountText from "../../domain/CountText.ts"
import type { LaneHead, LaneView } from "../../domain/LaneView.ts"
import * as ShellText from "../../domain/ShellText.ts"
import * as Span from "../../domain/Span.ts"
import * as StatusText from "../StatusText.ts"
import * as JobsText from "./JobsText.ts"

/** At the time `now`, in `width` cells. */
export const of = (lane: LaneView, at: { readonly now: number; readonly width: number }): string =>
  [
    StatusText.printable(`lane ${lane.key} of queue ${lane.queue}`),
    lane.head === null ? "no job of this key waits or runs" : headOf(lane.head, at.now),
    ...(lane.head === null ? [] : [behindOf(lane)]),
    ...(lane.behind.length === 0 ? [] : ["", JobsText.table(lane.behind, at)])
  ].join("\n")

const headOf = ({ id, name, since, state, why, worker }: LaneHead, now: number): string =>
  StatusText.printable([
    `head: job ${id} ${name}, ${state}`,
    worker === null ? "" : ` on ${worker}`,
    since === null ? "" : ` for ${Span.ofSeconds((now - Date.parse(since)) / 1000)}`,
    why === null ? "" : `: ${why}`
  ].join(""))

const behindOf = ({ behindCount, estimate }: LaneView): string => {
  const jobs = behindCount.value === 1 && behindCount.precision === "exact" ? "job" : "jobs"
  const behind = `behind it: ${CountText.text(behindCount)} ${jobs}`
  if (estimate === null) return behind
  const { lastStartsSeconds, meanSeconds } = estimate
  const least = behindCount.precision === "exact" ? "about" : "at least"
  return `${behind}; the last of them starts in ${least} ${Span.ofSeconds(lastStartsSeconds)}, ` +
    `if each runs ${Span.ofSeconds(meanSeconds)} (an estimate by the runs of the last day)`
}

/** The command that goes on. */
export const further = ({ key, next, queue }: LaneView): ReadonlyArray<string> =>
  next === null ? [] : [
    `there are more; to look further: ` +
    `pgq lane ${ShellText.word(queue)} ${ShellText.word(key)} --after ${next}`
  ]
