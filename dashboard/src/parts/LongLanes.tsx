/**
 * The table of the longest lanes.
 */
import type { LongestLanes } from "../../../src/domain/LaneView.ts"
import { to } from "../state/route.ts"
import { Count } from "./Figures.tsx"
import { LaneLink } from "./LaneLink.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<LongestLanes["items"][number]>> = [
  { name: "Key", cell: (lane) => <LaneLink of={lane} /> },
  {
    name: "Queue",
    cell: ({ queue }) => <a href={to("queue", { name: queue })}>{queue}</a>
  },
  {
    name: "Behind",
    title: "The jobs behind the head",
    isFigure: true,
    cell: ({ behind }) => <Count of={behind} />
  },
  {
    name: "Head",
    title: "The job that the others of its key wait for",
    cell: ({ job, name }) => <a href={to("job", { id: job })}>{name} {job}</a>
  },
  { name: "State", title: "The state of the head", cell: ({ state }) => state }
]

export const LongLanes = ({ of: { isSampled, items } }: { readonly of: LongestLanes }) => (
  <>
    <Table
      caption="Longest lanes"
      columns={columns}
      rows={items}
      keyOf={({ key, queue }) => JSON.stringify([queue, key])}
      empty="No job is behind the head of a lane."
    />
    {isSampled
      ? <p class="about">A sample of the jobs says which lanes these are: one may be missing.</p>
      : null}
  </>
)
