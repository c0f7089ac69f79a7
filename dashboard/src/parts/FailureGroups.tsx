/**
 * The table of failures in groups.
 */
import type { ComponentChildren } from "preact"
import * as CountText from "../../../src/domain/CountText.ts"
import type { FailureGroup } from "../../../src/domain/FailureGroups.ts"
import { mayDo } from "../state/operations.ts"
import { to } from "../state/route.ts"
import { quoted } from "../state/searchText.ts"
import { Count, Time } from "./Figures.tsx"
import { GroupActions } from "./GroupActions.tsx"
import { PlanDialog, type Planning, usePlanning } from "./Planning.tsx"
import { type Column, Table } from "./Table.tsx"

const columnsOf = (queue: string): ReadonlyArray<Column<FailureGroup>> => [
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
    cell: ({ failed, name }) => (
      <Jobs of={failed} name={name} queue={queue} states="failed,crashed" />
    )
  },
  {
    name: "Unfinished",
    title: "Jobs that are tried again, or block their lane",
    isFigure: true,
    cell: ({ name, unfinished }) => (
      <Jobs of={unfinished} name={name} queue={queue} states="retry,blocked" />
    )
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

/** Plans steps for a group, if the person may. */
const steps = (queue: string, plan: Planning["plan"]): ReadonlyArray<Column<FailureGroup>> =>
  mayDo("retry")
    ? [{
      name: "Steps",
      isWhole: true,
      title: "Shows a plan, and changes nothing",
      cell: (group) => <GroupActions of={group} queue={queue} plan={plan} />
    }]
    : []

/** A count that leads to the jobs of the name in these states. */
const Jobs = ({ name, of, queue, states }: {
  readonly of: FailureGroup["failed"]
  readonly name: string
  readonly queue: string
  readonly states: string
}) => {
  if (of.value === 0) return <Count of={of} />
  const ofQueue = queue === "" ? "" : ` queue:${quoted(queue)}`
  return (
    <a
      href={to("jobs", { q: `state:${states}${ofQueue} name:${quoted(name)}` })}
      aria-label={`${CountText.text(of)}: ${states.replace(",", " and ")} jobs of ${name}`}
    >
      <Count of={of} />
    </a>
  )
}

/** Each trend in words. New errors come first to the eye. */
const trends: Readonly<Record<FailureGroup["trend"], ComponentChildren>> = {
  new: <span class="tag bad">new</span>,
  rising: <span class="tag bad">rising</span>,
  steady: "steady",
  falling: "falling",
  over: "none of late",
  unknown: <span title="The look did not reach back for 24 hours">not known</span>
}

export const FailureGroups = ({ empty, groups, queue }: {
  readonly groups: ReadonlyArray<FailureGroup>
  /** The queue whose failures these are; empty for those of all queues. */
  readonly queue: string
  readonly empty: ComponentChildren
}) => {
  const planning = usePlanning()
  return (
    <>
      <Table
        caption="Failures"
        columns={[...columnsOf(queue), ...steps(queue, planning.plan)]}
        rows={groups}
        keyOf={({ fingerprint, name }) => JSON.stringify([name, fingerprint])}
        empty={empty}
      />
      <PlanDialog of={planning} />
    </>
  )
}
