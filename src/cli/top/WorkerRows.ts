/**
 * The workers as rows.
 */
import type { WorkerOverview } from "../../domain/Overview.ts"
import * as Span from "../../domain/Span.ts"
import type { Section, Style } from "./Page.ts"
import * as Table from "./Table.ts"

const short: ReadonlyArray<Table.Column<WorkerOverview>> = [
  { head: "WORKER", of: ({ host, pid }) => `${host}:${pid}` },
  { head: "UP", of: ({ ageSeconds }) => Span.ofSeconds(ageSeconds), isNumber: true, goes: 2 },
  {
    head: "RUN/SLOTS",
    of: ({ concurrency, running }) => `${running}/${concurrency}`,
    isNumber: true
  },
  {
    head: "RENEWED",
    of: ({ renewedSeconds }) => Span.ofSeconds(renewedSeconds),
    isNumber: true,
    goes: 1
  },
  { head: "STATE", of: (worker) => stateOf(worker) }
]

const long: ReadonlyArray<Table.Column<WorkerOverview>> = [
  ...short,
  { head: "LABEL", of: ({ label }) => label, goes: 3 },
  { head: "MODE", of: ({ mode }) => mode, goes: 5 },
  { head: "QUEUES", of: ({ queues }) => queues.join(","), goes: 4 },
  { head: "NAMES", of: ({ names }) => names === null ? "?" : names.join(","), goes: 6 }
]

const stateOf = ({ isLive, isStopping }: WorkerOverview): string =>
  !isLive ? "late" : isStopping ? "stopping" : "live"

const styleOf = ({ isLive, isStopping }: WorkerOverview): Style =>
  !isLive ? "bad" : isStopping ? "notice" : "plain"

export const section = (
  workers: ReadonlyArray<WorkerOverview>,
  { isLong, width }: { readonly isLong: boolean; readonly width: number }
): Section => {
  const { head, rows } = Table.of(isLong ? long : short, workers, width)
  return {
    head: [
      workers.length === 0
        ? { text: "no worker", style: "faint" }
        : { text: head, style: "head" }
    ],
    rows: workers.map((worker, n) => ({
      text: rows[n] ?? "",
      style: styleOf(worker),
      item: {
        id: `worker ${worker.id}`,
        opens: isLong ? firstQueue(worker) : { kind: "workers" },
        next: worker.isLive ? undefined : `ps -o pid,stat,etime,args -p ${worker.pid}`
      }
    }))
  }
}

const firstQueue = ({ queues: [queue] }: WorkerOverview) =>
  queue === undefined ? undefined : { kind: "queue", queue } as const
