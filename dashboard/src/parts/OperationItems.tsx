/**
 * The jobs of an operation, in parts.
 */
import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import type { Operation, OperationItem } from "../../../src/domain/Operation.ts"
import { useAsked } from "../state/asked.ts"
import { fromUndo, resultText } from "../state/operations.ts"
import { to } from "../state/route.ts"
import { None } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

const columns: ReadonlyArray<Column<OperationItem>> = [
  { name: "Job", cell: ({ id }) => <a href={to("job", { id })}>{id}</a> },
  {
    name: "Name and queue",
    cell: ({ name, queue }) =>
      name === null ? <None why="not known" /> : (
        <>
          {name}
          <small>{queue}</small>
        </>
      )
  },
  { name: "Was", cell: ({ was }) => was },
  {
    name: "Result",
    cell: ({ error, result, worker }) =>
      result === null ? <None why="not yet" /> : (
        <>
          {resultText(result)}
          {worker === null ? null : <small>{worker}</small>}
          {error === null ? null : (
            <small>
              <span class="error">{error}</span>
            </small>
          )}
        </>
      )
  }
]

const undo: Column<OperationItem> = {
  name: "Undo",
  cell: ({ undone }) => undone === null ? <None why="not yet" /> : resultText(undone)
}

const limit = 50

interface Answer {
  readonly items: ReadonlyArray<OperationItem>
}

export const OperationItems = ({ of: operation }: { readonly of: Operation }) => {
  const { done, id, left, skipped } = operation
  // The last job of each part before this one.
  const before = useSignal<ReadonlyArray<string>>([])
  const after = before.value.at(-1)
  const query = new URLSearchParams({
    limit: String(limit),
    ...after === undefined ? {} : { after }
  })
  const { again, failure, value } = useAsked<Answer>(`operations/${id}/items?${query}`)
  // The next question would come some seconds after the end.
  const progress = `${left} ${done} ${skipped} ${fromUndo(operation)}`
  const seen = useRef(progress)
  useEffect(() => {
    if (seen.current !== progress) again()
    seen.current = progress
  }, [progress])

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
        columns={items.some(({ undone }) => undone !== null) ? [...columns, undo] : columns}
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
