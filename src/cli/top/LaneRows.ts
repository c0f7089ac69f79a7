/**
 * The lanes that wait with their head, as rows: for a person, or for the next try.
 */
import type { LaneOverview } from "../../domain/Overview.ts"
import * as Span from "../../domain/Span.ts"
import type { Section } from "./Page.ts"
import * as Table from "./Table.ts"
import type { Detail, State } from "./TopState.ts"

const columnsAt = (now: number): ReadonlyArray<Table.Column<LaneOverview>> => [
  { head: "QUEUE", of: ({ queue }) => queue, goes: 3 },
  { head: "KEY", of: ({ key }) => key },
  { head: "JOB", of: ({ job }) => job, isNumber: true },
  { head: "NAME", of: ({ name }) => name, goes: 2 },
  { head: "FAILED", of: ({ failures }) => `${failures}×`, isNumber: true, goes: 4 },
  { head: "NEXT TRY", of: ({ nextAt }) => tryOf(nextAt, now), goes: 1 },
  { head: "ERROR", of: ({ error }) => error ?? "", goes: 5 }
]

const tryOf = (nextAt: string | null, now: number): string =>
  nextAt === null ? "blocked" : `in ${Span.ofSeconds((Date.parse(nextAt) - now) / 1000)}`

export const section = (
  { figures }: State,
  { isSeen = () => true, lanes, width }: {
    readonly lanes: Detail["lanes"] | undefined
    readonly isSeen?: (lane: LaneOverview) => boolean
    readonly width: number
  }
): Section => {
  if (lanes === undefined) {
    return { head: [{ text: "lanes: not read yet", style: "faint" }], rows: [] }
  }
  const seen = [...lanes.blocked, ...lanes.retrying].filter(isSeen)
  const now = Date.parse(figures?.overview.at ?? "")
  const { head, rows } = Table.of(columnsAt(now), seen, width)
  return {
    head: [
      seen.length === 0
        ? { text: "no lane is blocked or between two tries", style: "faint" }
        : { text: head, style: "head" }
    ],
    rows: seen.map((lane, n) => ({
      text: rows[n] ?? "",
      style: lane.nextAt === null ? "bad" : "plain",
      item: itemOf(lane)
    }))
  }
}

const itemOf = ({ job, key, nextAt, queue }: LaneOverview) => {
  const why = { kind: "job", id: BigInt(job) } as const
  return {
    id: `lane ${JSON.stringify([queue, key])}`,
    opens: { kind: "why", of: why } as const,
    why,
    next: nextAt === null ? `pgq retry ${job}, or pgq discard ${job}` : `pgq why ${job}`
  }
}
