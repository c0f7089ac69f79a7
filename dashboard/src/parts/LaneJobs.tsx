/**
 * The table of the jobs behind the head of a lane.
 */
import type { LaneView } from "../../../src/domain/LaneView.ts"
import { to } from "../state/route.ts"
import { None, Number, Time } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

type Row = LaneView["behind"][number]

const columns: ReadonlyArray<Column<Row>> = [
  { name: "Job", cell: ({ id, name }) => <a href={to("job", { id })}>{name} {id}</a> },
  { name: "Priority", isFigure: true, cell: ({ priority }) => priority },
  { name: "Added", cell: ({ createdAt }) => <Time at={createdAt} /> },
  { name: "Tries", isFigure: true, cell: ({ attempt }) => <Number of={attempt} /> },
  {
    name: "Worker",
    title: "Has the job already, and runs it after the head",
    cell: ({ worker }) => worker ?? <None why="no worker has it" />
  }
]

export const LaneJobs = ({ empty, jobs }: {
  readonly jobs: ReadonlyArray<Row>
  readonly empty: string
}) => (
  <Table
    caption="Jobs behind the head"
    columns={columns}
    rows={jobs}
    keyOf={({ id }) => id}
    empty={empty}
  />
)
