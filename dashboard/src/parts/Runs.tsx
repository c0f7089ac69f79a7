/**
 * The table of runs that did not complete.
 */
import type { JobDetail } from "../api/JobDetail.ts"
import { None, Number, Span, Time } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

type Run = JobDetail["runs"][number]

const columns: ReadonlyArray<Column<Run>> = [
  { name: "Ended", cell: ({ endedAt }) => <Time at={endedAt} /> },
  { name: "Outcome", cell: ({ outcome }) => outcome },
  { name: "Attempt", isFigure: true, cell: ({ attempt }) => <Number of={attempt} /> },
  {
    name: "Ran",
    isFigure: true,
    cell: ({ ranSeconds }) =>
      ranSeconds === null ? <None why="nobody knows" /> : <Span of={ranSeconds} />
  },
  {
    name: "Next try",
    cell: ({ nextAt }) => nextAt === null ? <None why="none" /> : <Time at={nextAt} />
  },
  { name: "Error", cell: ({ error }) => error === null ? "" : <Failure text={error} /> }
]

/** The first line, and the rest of an error for those who ask. */
const Failure = ({ text }: { readonly text: string }) => {
  const end = text.indexOf("\n")
  return end < 0 ? <span class="error">{text}</span> : (
    <details>
      <summary class="error">{text.slice(0, end)}</summary>
      <pre class="text" tabIndex={0}>{text.slice(end + 1)}</pre>
    </details>
  )
}

export const Runs = ({ runs }: { readonly runs: ReadonlyArray<Run> }) => (
  <Table
    caption="Runs that did not complete"
    columns={columns}
    rows={runs}
    keyOf={({ claimedAt, endedAt }) => `${claimedAt} ${endedAt}`}
    empty="Each run so far has completed, or there was none."
  />
)
