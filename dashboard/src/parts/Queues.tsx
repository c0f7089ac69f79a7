/**
 * The table of queues.
 */
import type { QueueOverview } from "../../../src/domain/Overview.ts"
import { to } from "../state/route.ts"
import { Count, Span } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<QueueOverview>> = [
  {
    name: "Queue",
    cell: ({ pause, queue }) => (
      <>
        <a href={to("queue", { name: queue })}>{queue}</a>
        {pause === null ? null : <span class="tag">paused</span>}
      </>
    )
  },
  {
    name: "Latency",
    title: "How long the first job that nobody holds has been ready",
    isFigure: true,
    cell: ({ latency }) => <Span of={latency} />
  },
  {
    name: "Ready",
    title: "Jobs that a claim may take",
    isFigure: true,
    cell: ({ ready }) => <Count of={ready} />
  },
  {
    name: "Waiting",
    title: "Jobs behind another job of their key",
    isFigure: true,
    cell: ({ waiting }) => <Count of={waiting} />
  },
  {
    name: "Running",
    title: "Leased jobs, of the slots of live workers",
    isFigure: true,
    cell: (queue) => <Slots of={queue} />
  },
  {
    name: "Later",
    title: "Delayed jobs, and jobs between two tries",
    isFigure: true,
    cell: ({ later }) => <Count of={later} />
  },
  {
    name: "Blocked",
    title: "Jobs that have failed for good, and hold their lanes",
    isFigure: true,
    cell: ({ blocked }) => <Count of={blocked} />
  }
]

const Slots = ({ of: { running, slots, workers } }: { readonly of: QueueOverview }) => (
  <>
    <Count of={running} />
    <span class="of">{workers === 0 ? " / no worker" : ` / ${slots}`}</span>
  </>
)

export const Queues = ({ queues }: { readonly queues: ReadonlyArray<QueueOverview> }) => (
  <Table
    caption="Queues"
    columns={columns}
    rows={queues}
    keyOf={({ queue }) => queue}
    empty={
      <>
        There is no job and no worker yet. <code>pgq enqueue NAME PAYLOAD</code> adds a job.
      </>
    }
  />
)
