/**
 * Whether the database is the problem: who keeps dead rows, how large the tables are.
 */
import type { DatabaseOverview } from "../../../src/domain/Overview.ts"
import { Bytes, None, Number, Span, Time } from "../parts/Figures.tsx"
import { Looking } from "../parts/Looking.tsx"
import { Problems } from "../parts/Problems.tsx"
import { type Column, Table } from "../parts/Table.tsx"
import { Page, Section } from "./Page.tsx"

const codes: ReadonlySet<string> = new Set(["HorizonPinned", "Bloat", "PartitionMissing"])

export const Database = () => (
  <Page title="Database">
    <Looking>
      {({ overview: { database }, verdict }) =>
        database === null
          ? <p class="empty">The state of the database could not be read in time.</p>
          : (
            <>
              <Problems
                of={{
                  ...verdict,
                  problems: verdict.problems.filter(({ code }) => codes.has(code))
                }}
              />
              <Section title="Horizon">
                <Horizon of={database.horizon} />
              </Section>
              <Section title="Tables" note="rows by the server's statistics">
                <Table
                  caption="Tables"
                  columns={columns}
                  rows={database.tables}
                  keyOf={({ table }) => table}
                  empty="The role of this page may not see the tables' statistics."
                />
              </Section>
              <Section title="History">
                <p class="empty">
                  {database.missingPartitions.length === 0
                    ? "Today's history has its partitions."
                    : `Without a partition for today: ${database.missingPartitions.join(", ")}.`}
                </p>
              </Section>
            </>
          )}
    </Looking>
  </Page>
)

const Horizon = ({ of: horizon }: { readonly of: DatabaseOverview["horizon"] }) =>
  horizon === null ?
    <p class="empty">Nothing keeps dead rows from being vacuumed.</p> :
    (
      <p class="empty">
        The oldest snapshot is that of{" "}
        {horizon.holder === "backend" ? "a session" : `a ${horizon.holder}`}
        {horizon.name === "" ? "" : ` of ${horizon.name}`}
        {horizon.pid === null ? "" : ` (pid ${horizon.pid})`}
        {horizon.seconds === null ? "" : (
          <>
            , since <Span of={horizon.seconds} />
          </>
        )}; <Number of={horizon.transactions} />{" "}
        transactions have begun since. No vacuum removes rows that were deleted after it.
      </p>
    )

const columns: ReadonlyArray<Column<DatabaseOverview["tables"][number]>> = [
  { name: "Table", cell: ({ table }) => table },
  { name: "Rows", isFigure: true, cell: ({ live }) => <Number of={live} /> },
  { name: "Dead rows", isFigure: true, cell: ({ dead }) => <Number of={dead} /> },
  { name: "Size", isFigure: true, cell: ({ bytes }) => <Bytes of={bytes} /> },
  { name: "Indexes", isFigure: true, cell: ({ indexBytes }) => <Bytes of={indexBytes} /> },
  {
    name: "Vacuumed",
    cell: ({ vacuumedAt }) =>
      vacuumedAt === null ? <None why="not yet" /> : <Time at={vacuumedAt} />
  }
]
