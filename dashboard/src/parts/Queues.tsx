/**
 * The table of queues.
 */
import type { QueueOverview } from "../../../src/domain/Overview.ts"
import { Sparkline } from "../charts/Sparkline.tsx"
import { hour } from "../state/range.ts"
import { to } from "../state/route.ts"
import { type Found, useSeries } from "../state/series.ts"
import { Count, None, Span } from "./Figures.tsx"
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
    title: "How long the first job that nobody holds has been ready, of the queue's objective",
    isFigure: true,
    cell: (queue) => <Latency of={queue} />
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

const Latency = ({ of: { latency, objective } }: { readonly of: QueueOverview }) => (
  <>
    <Span of={latency} />
    {objective === null ? null : (
      <span class="of">
        {" / "}
        <Span of={objective} />
      </span>
    )}
  </>
)

const Slots = ({ of: { running, slots, workers } }: { readonly of: QueueOverview }) => (
  <>
    <Count of={running} />
    <span class="of">{workers === 0 ? " / no worker" : ` / ${slots}`}</span>
  </>
)

/** One answer has the lines of all queues. */
const finished = ({ failure, value }: Found): Column<QueueOverview> => ({
  name: "Per minute",
  title: "The runs that ended in each of the last 60 minutes",
  isFigure: true,
  cell: ({ queue }) => {
    const found = value.value
    if (found === undefined) {
      return failure.value === undefined ? null : <None why={failure.value} />
    }
    const values = found.series.find(({ label }) => label === queue)?.values
    return values === undefined && found.series.length >= seriesMax
      ? <None why="not among the busiest queues" />
      : <Sparkline values={values ?? found.t.map(() => 0)} />
  }
})

/** So many queues have series of their own. */
const seriesMax = 100

export const Queues = ({ queues }: { readonly queues: ReadonlyArray<QueueOverview> }) => {
  const found = useSeries({ of: "finished", by: "queue", range: hour })
  return (
    <Table
      caption="Queues"
      columns={[...columns, finished(found)]}
      rows={queues}
      keyOf={({ queue }) => queue}
      empty={
        <>
          There is no job and no worker yet. <code>pgq enqueue NAME PAYLOAD</code> adds a job.
        </>
      }
    />
  )
}
