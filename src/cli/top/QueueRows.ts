/**
 * The queues as rows, and the page of one queue.
 */
import type { QueueOverview } from "../../domain/Overview.ts"
import * as ShellText from "../../domain/ShellText.ts"
import * as Span from "../../domain/Span.ts"
import * as StatusText from "../StatusText.ts"
import * as LaneRows from "./LaneRows.ts"
import type { Section } from "./Page.ts"
import * as Table from "./Table.ts"
import { detailOf, type State } from "./TopState.ts"
import * as WorkerRows from "./WorkerRows.ts"

const span = (seconds: number | null): string => seconds === null ? "?" : Span.ofSeconds(seconds)

const count = StatusText.numberOf

const columns: ReadonlyArray<Table.Column<QueueOverview>> = [
  { head: "QUEUE", of: ({ queue }) => queue },
  { head: "LATENCY", of: StatusText.latencyOf, isNumber: true },
  { head: "READY", of: ({ ready }) => count(ready), isNumber: true },
  { head: "WAITING", of: ({ waiting }) => count(waiting), isNumber: true, goes: 3 },
  {
    head: "RUN/SLOTS",
    of: ({ running, slots }) => `${count(running)}/${slots}`,
    isNumber: true,
    goes: 1
  },
  { head: "LATER", of: ({ later }) => count(later), isNumber: true, goes: 4 },
  { head: "BLOCKED", of: ({ blocked }) => count(blocked), isNumber: true, goes: 2 },
  { head: "", of: (queue) => stateOf(queue) }
]

const stateOf = ({ pause, paused }: QueueOverview): string =>
  pause !== null ? `paused ${count(paused)}` : ""

/** All queues of the look. */
export const section = ({ figures }: State, width: number): Section => {
  const { hasMoreQueues = false, queues = [] } = figures?.overview ?? {}
  const { head, rows } = Table.of(columns, queues, width)
  return {
    head: [{ text: head, style: "head" }],
    rows: [
      ...queues.map(({ queue }, n) => ({
        text: rows[n] ?? "",
        item: {
          id: `queue ${queue}`,
          opens: { kind: "queue", queue } as const,
          why: { kind: "queue", queue } as const,
          next: whyOf(queue)
        }
      })),
      ...(hasMoreQueues
        ? [{ text: `There are more queues: these are the first ${queues.length}.` }]
        : [])
    ]
  }
}

const whyOf = (queue: string): string => `pgq why --queue ${ShellText.word(queue)}`

/** One queue: its bands, its lanes and its workers. */
export const page = (state: State, name: string, width: number): ReadonlyArray<Section> => {
  const overview = state.figures?.overview
  const queue = overview?.queues.find(({ queue }) => queue === name)
  if (overview === undefined || queue === undefined) {
    return [{ head: [{ text: `${name}: no jobs, and no worker`, style: "head" }], rows: [] }]
  }
  const { head, rows: [row = ""] } = Table.of(columns, [queue], width)
  return [
    { head: [{ text: head, style: "head" }, { text: row }, ...paused(queue)], rows: [] },
    bands(queue, width),
    LaneRows.section(state, {
      lanes: detailOf(state)?.lanes,
      isSeen: (lane) => lane.queue === name,
      width
    }),
    WorkerRows.section(
      overview.workers.filter(({ queues }) => queues.includes(name)),
      { isLong: false, width }
    )
  ]
}

const paused = ({ pause }: QueueOverview) =>
  pause === null ? [] : [{
    text: `paused since ${pause.since} by ${pause.by}` +
      (pause.until === null ? "" : ` until ${pause.until}`) +
      (pause.reason === null ? "" : `: ${pause.reason}`),
    style: "notice" as const
  }]

const bands = ({ bands }: QueueOverview, width: number): Section => {
  const { head, rows } = Table.of(
    [
      { head: "PRIORITY", of: ({ priority }) => String(priority), isNumber: true },
      { head: "LATENCY", of: ({ latency }) => span(latency), isNumber: true }
    ],
    bands,
    width
  )
  return {
    head: [
      bands.length === 0
        ? { text: "no job is ready", style: "faint" }
        : { text: head, style: "head" }
    ],
    rows: rows.map((text, n) => ({ text, item: { id: `band ${bands[n]?.priority}` } }))
  }
}
