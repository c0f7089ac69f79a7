/**
 * The table of workers.
 */
import type { WorkerOverview } from "../../../src/domain/Overview.ts"
import { to } from "../state/route.ts"
import { may } from "../state/session.ts"
import { Number, Span } from "./Figures.tsx"
import { StopAction } from "./StopAction.tsx"
import { type Column, Table } from "./Table.tsx"

const stateOf = ({ isLive, isStopping }: WorkerOverview) =>
  !isLive
    ? <span class="state bad">frozen or dead</span>
    : isStopping
    ? <span class="state">stopping</span>
    : <span class="state good">live</span>

const columns: ReadonlyArray<Column<WorkerOverview>> = [
  { name: "Worker", cell: ({ host, label, pid }) => `${label === "" ? host : label}:${pid}` },
  { name: "State", cell: stateOf },
  {
    name: "Running",
    isFigure: true,
    cell: ({ concurrency, running }) => (
      <>
        <Number of={running} />
        <span class="of">/ {concurrency}</span>
      </>
    )
  },
  { name: "Up", isFigure: true, cell: ({ ageSeconds }) => <Span of={ageSeconds} /> },
  {
    name: "Renewed",
    title: "The time since its last renewal, of the time that its lease lasts",
    isFigure: true,
    cell: ({ leaseSeconds, renewedSeconds }) => (
      <>
        <Span of={renewedSeconds} />
        <span class="of">/ {leaseSeconds}s</span>
      </>
    )
  },
  {
    name: "Queues",
    cell: ({ queues }) => (
      <span class="list">
        {queues.map((name) => <a key={name} href={to("queue", { name })}>{name}</a>)}
      </span>
    )
  },
  {
    name: "Handles",
    cell: ({ names }) =>
      names === null
        ? "any name"
        : <span class="list">{names.map((name) => <span key={name}>{name}</span>)}</span>
  },
  { name: "Mode", cell: ({ mode }) => mode }
]

const stop: Column<WorkerOverview> = {
  name: "Stop",
  cell: (worker) => worker.isLive && <StopAction of={worker} />
}

export const Workers = ({ workers }: { readonly workers: ReadonlyArray<WorkerOverview> }) => (
  <Table
    caption="Workers"
    columns={may("workers") ? [...columns, stop] : columns}
    rows={workers}
    keyOf={({ id }) => id}
    empty={
      <>
        No worker is registered. <code>pgq start -f JOBS</code> starts one.
      </>
    }
  />
)
