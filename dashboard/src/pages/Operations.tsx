/**
 * The operations of the last 24 hours: steps for many jobs at once.
 */
import * as CountText from "../../../src/domain/CountText.ts"
import type { Operation } from "../../../src/domain/Operation.ts"
import { Number, Time } from "../parts/Figures.tsx"
import { OperationState } from "../parts/OperationState.tsx"
import { type Column, Table } from "../parts/Table.tsx"
import { useAsked } from "../state/asked.ts"
import { to } from "../state/route.ts"
import { Page } from "./Page.tsx"

export const Operations = () => (
  <Page title="Operations">
    <p class="about text">
      A step for many jobs is planned by a search on the page{" "}
      <a href={to("jobs")}>Jobs</a>, or for a group of{" "}
      <a href={to("failures")}>failures</a>. It can be undone for 24 hours.
    </p>
    <Asked />
  </Page>
)

interface Answer {
  readonly items: ReadonlyArray<Operation>
}

const limit = 200

const Asked = () => {
  const { failure, value } = useAsked<Answer>(`operations?limit=${limit}`)
  if (failure.value !== undefined) {
    return (
      <p class="empty failed" role="alert">The operations cannot be shown: {failure.value.text}.</p>
    )
  }
  if (value.value === undefined) return <p class="empty">Looking for operations …</p>
  const { items } = value.value
  return (
    <>
      <Table
        caption="Operations"
        columns={columns}
        rows={items}
        keyOf={({ id }) => id}
        empty="No operation was planned in the last 24 hours."
      />
      {items.length < limit ? null : <p class="about">These are the newest {limit}.</p>}
    </>
  )
}

const columns: ReadonlyArray<Column<Operation>> = [
  {
    name: "Operation",
    cell: ({ action, id, planned }) => (
      <a href={to("operation", { id })}>
        {action} {CountText.grouped(planned)} {planned === 1 ? "job" : "jobs"}
      </a>
    )
  },
  { name: "Planned", isWhole: true, cell: ({ at }) => <Time at={at} /> },
  { name: "By", isWhole: true, cell: ({ actor }) => actor },
  { name: "State", isWhole: true, cell: ({ state }) => <OperationState of={state} /> },
  { name: "Changed", isFigure: true, cell: ({ done }) => <Number of={done} /> },
  {
    name: "Skipped",
    title: "Jobs that were left as they were",
    isFigure: true,
    cell: ({ skipped }) => <Number of={skipped} />
  },
  {
    name: "Undone",
    title: "Jobs that are again as they were before",
    isFigure: true,
    cell: ({ undone }) => <Number of={undone} />
  },
  {
    name: "Reason and search",
    cell: ({ query, reason }) => (
      <>
        {reason}
        {query === null ? null : (
          <small>
            <span class="key">{query}</span>
          </small>
        )}
      </>
    )
  }
]
