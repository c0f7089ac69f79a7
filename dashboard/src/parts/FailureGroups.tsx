/**
 * The table of failures in groups.
 */
import type { ComponentChildren } from "preact"
import type { FailureGroup } from "../../../src/domain/FailureGroups.ts"
import { to } from "../state/route.ts"
import { Count, Time } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<FailureGroup>> = [
  { name: "Name", cell: ({ name }) => name },
  {
    name: "Error",
    cell: ({ fingerprint, sample }) => (
      <span class="error" title={sample.error}>{fingerprint || "no text"}</span>
    )
  },
  {
    name: "1 h",
    title: "In the last hour",
    isFigure: true,
    cell: ({ hour }) => <Count of={hour} />
  },
  {
    name: "24 h",
    title: "In the last 24 hours",
    isFigure: true,
    cell: ({ day }) => <Count of={day} />
  },
  {
    name: "7 d",
    title: "In the last 7 days",
    isFigure: true,
    cell: ({ week }) => <Count of={week} />
  },
  {
    name: "Trend",
    isWhole: true,
    title: "The last hour against the 23 hours before",
    cell: ({ trend }) => trends[trend]
  },
  {
    name: "Failed",
    title: "Jobs that have failed for good, and were not queued again",
    isFigure: true,
    cell: ({ failed }) => <Count of={failed} />
  },
  {
    name: "Unfinished",
    title: "Jobs that are tried again, or block their lane",
    isFigure: true,
    cell: ({ unfinished }) => <Count of={unfinished} />
  },
  {
    name: "Last and first",
    isWhole: true,
    cell: ({ firstAt, lastAt }) => (
      <>
        <Time at={lastAt} />
        <small>
          <Time at={firstAt} />
        </small>
      </>
    )
  },
  {
    name: "Sample",
    isWhole: true,
    title: "The job of the last failure",
    cell: ({ sample: { job } }) => <a href={to("job", { id: job })}>job {job}</a>
  }
]

/** Each trend in words. New errors come first to the eye. */
const trends: Readonly<Record<FailureGroup["trend"], ComponentChildren>> = {
  new: <span class="tag bad">new</span>,
  rising: <span class="tag bad">rising</span>,
  steady: "steady",
  falling: "falling",
  over: "none of late",
  unknown: <span title="The look did not reach back for 24 hours">not known</span>
}

export const FailureGroups = ({ empty, groups }: {
  readonly groups: ReadonlyArray<FailureGroup>
  readonly empty: ComponentChildren
}) => (
  <Table
    caption="Failures"
    columns={columns}
    rows={groups}
    keyOf={({ fingerprint, name }) => JSON.stringify([name, fingerprint])}
    empty={empty}
  />
)
