/**
 * The table of lanes whose head waits for a person, or for its next try.
 */
import type { LaneOverview } from "../../../src/domain/Overview.ts"
import { to } from "../state/route.ts"
import { Number, Time } from "./Figures.tsx"
import { LaneLink } from "./LaneLink.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<LaneOverview>> = [
  { name: "Key", cell: (lane) => <LaneLink of={lane} /> },
  {
    name: "Queue",
    cell: ({ queue }) => <a href={to("queue", { name: queue })}>{queue}</a>
  },
  {
    name: "Head",
    title: "The job that the others of its key wait for",
    cell: ({ job, name }) => <a href={to("job", { id: job })}>{name} {job}</a>
  },
  { name: "Failures", isFigure: true, cell: ({ failures }) => <Number of={failures} /> },
  {
    name: "Next try",
    cell: ({ nextAt }) => nextAt === null ? "when somebody says so" : <Time at={nextAt} />
  },
  { name: "Error", cell: ({ error }) => <span class="error">{error}</span> }
]

export const Lanes = ({ empty, lanes }: {
  readonly lanes: ReadonlyArray<LaneOverview>
  readonly empty: string
}) => (
  <Table
    caption="Lanes"
    columns={columns}
    rows={lanes}
    keyOf={({ key, queue }) => JSON.stringify([queue, key])}
    empty={empty}
  />
)
