/**
 * A table with a caption. Where it is too narrow for all columns, each row becomes a card.
 */
import type { ComponentChildren } from "preact"

export interface Column<Row> {
  readonly name: string
  /** Explains the column where its name is not enough. */
  readonly title?: string
  readonly cell: (row: Row) => ComponentChildren
  /** Figures stand at the right, so that their digits stand below each other. */
  readonly isFigure?: boolean
  /** Stays on one line. */
  readonly isWhole?: boolean
}

export interface Properties<Row> {
  readonly caption: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly keyOf: (row: Row) => string
  /** Stands in place of a table without rows. */
  readonly empty: ComponentChildren
}

export function Table<Row>({ caption, columns, empty, keyOf, rows }: Properties<Row>) {
  const [first, ...others] = columns
  if (first === undefined || rows.length === 0) return <p class="empty">{empty}</p>
  return (
    <div class="table">
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ isFigure, name, title }) => (
              <th key={name} scope="col" title={title} class={isFigure ? "figure" : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <th scope="row">{first.cell(row)}</th>
              {others.map(({ cell, isFigure, isWhole, name }) => (
                <td
                  key={name}
                  data-name={name}
                  class={isFigure ? "figure" : isWhole ? "whole" : undefined}
                >
                  <span>{cell(row)}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
