/**
 * The jobs of an operation by what they were, and by what became of them.
 */
import type { OperationPlan } from "../../../src/domain/Operation.ts"
import { Section } from "../pages/Page.tsx"
import { resultText } from "../state/operations.ts"
import { None, Number } from "./Figures.tsx"
import { type Column, Table } from "./Table.tsx"

type Part = OperationPlan["parts"][number]

const columns: ReadonlyArray<Column<Part>> = [
  { name: "Was", cell: ({ was }) => was },
  { name: "Jobs", isFigure: true, cell: ({ count }) => <Number of={count} /> },
  { name: "Queue", cell: ({ queue }) => queue ?? <None why="not known" /> },
  { name: "Name", cell: ({ name }) => name ?? <None why="not known" /> },
  {
    name: "The step",
    cell: ({ fits }) => fits ? "takes them" : <span class="tag">skips them</span>
  },
  { name: "Undo", cell: ({ canUndo, fits }) => !fits ? "" : canUndo ? "can be undone" : "no undo" }
]

export const Parts = ({ of: { parts } }: { readonly of: OperationPlan }) => (
  <>
    <Table
      caption="The plan"
      columns={columns}
      rows={parts}
      keyOf={(part) => JSON.stringify(part)}
      empty="The search has found no job."
    />
    {parts.length < 100 ? null : <p class="about">These are the largest 100 groups of them.</p>}
  </>
)

type Result = OperationPlan["results"][number]

const resultColumns: ReadonlyArray<Column<Result>> = [
  { name: "Result", cell: ({ result }) => resultText(result) },
  { name: "Jobs", isFigure: true, cell: ({ count }) => <Number of={count} /> }
]

const ResultsOf = ({ rows, title }: {
  readonly title: string
  readonly rows: ReadonlyArray<Result>
}) =>
  rows.length === 0 ? null : (
    <Section title={title}>
      <Table
        caption={title}
        columns={resultColumns}
        rows={rows}
        keyOf={({ result }) => result}
        empty=""
      />
    </Section>
  )

/** The results of the run and of the undo, as far as there are any. */
export const Results = ({ of: { results, undos } }: { readonly of: OperationPlan }) => (
  <>
    <ResultsOf title="Results" rows={results} />
    <ResultsOf title="Results of the undo" rows={undos} />
  </>
)
