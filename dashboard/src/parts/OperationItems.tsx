/**
 * The jobs of an operation, in parts.
 */
import { useSignal } from "@preact/signals"
import type { OperationItem } from "../../../src/domain/Operation.ts"
import { useAsked } from "../state/asked.ts"
import { resultText } from "../state/operations.ts"
import { to } from "../state/route.ts"
import { None } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<OperationItem>> = [
  { name: "Job", cell: ({ id }) => <a href={to("job", { id })}>{id}</a> },
  { name: "Queue", cell: ({ queue }) => queue ?? <None why="not known" /> },
  { name: "Name", cell: ({ name }) => name ?? <None why="not known" /> },
  { name: "Was", cell: ({ was }) => was },
  {
    name: "Result",
    cell: ({ result }) => result === null ? <None why="not yet" /> : resultText(result)
  },
  { name: "Undo", cell: ({ undone }) => undone === null ? "" : resultText(undone) },
  { name: "Worker", cell: ({ worker }) => worker ?? "" },
  { name: "Error", cell: ({ error }) => error === null ? "" : <span class="error">{error}</span> }
]

const limit = 50

interface Answer {
  readonly items: ReadonlyArray<OperationItem>
}

export const OperationItems = ({ id }: { readonly id: string }) => {
  // The last job of each part before this one.
  const before = useSignal<ReadonlyArray<string>>([])
  const after = before.value.at(-1)
  const query = new URLSearchParams({
    limit: String(limit),
    ...after === undefined ? {} : { after }
  })
  const { failure, value } = useAsked<Answer>(`operations/${id}/items?${query}`)
  if (failure.value !== undefined) {
    return <p class="empty failed" role="alert">The jobs cannot be shown: {failure.value.text}.</p>
  }
  if (value.value === undefined) return <p class="empty">Looking for jobs …</p>
  const { items } = value.value
  const last = items.at(-1)?.id
  return (
    <>
      <Table
        caption="Jobs"
        columns={columns}
        rows={items}
        keyOf={({ id }) => id}
        empty={after === undefined ? "The operation has no job." : "There are no more jobs."}
      />
      <div class="actions">
        {after === undefined ?
          null :
          (
            <button type="button" onClick={() => (before.value = before.value.slice(0, -1))}>
              Previous jobs
            </button>
          )}
        {items.length < limit || last === undefined ?
          null :
          (
            <button type="button" onClick={() => (before.value = [...before.value, last])}>
              Next jobs
            </button>
          )}
      </div>
    </>
  )
}
