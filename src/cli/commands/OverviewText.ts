/**
 * The answers of `pgq status`: the verdict, the queues and the workers, as text for people and as
 * JSON.
 */
import type { Overview, QueueOverview, WorkerOverview } from "../../domain/Overview.ts"
import * as Span from "../../domain/Span.ts"
import type { Verdict } from "../../domain/Verdict.ts"
import type { QueueCounts } from "../../domain/WorkerStatus.ts"
import * as StatusText from "../StatusText.ts"

/** A person reads no more problems than these; programs have all of them. */
const problemsMax = 10

/** The sentence, and each problem with its next step. */
export const ofVerdict = ({ problems, sentence, state }: Verdict): string => {
  const rest = problems.length - problemsMax
  return [
    `${state}: ${sentence}`,
    ...problems.slice(0, problemsMax).flatMap(({ code, next, text }, n) => [
      `  ${n + 1}. ${code}: ${text}`,
      `     next: ${next}`
    ]),
    ...(rest > 0 ? [`  and ${rest} more: pgq status --json`] : [])
  ].map(StatusText.printable).join("\n")
}

export const ofQueues = ({ hasMoreQueues, queues }: Overview): string =>
  StatusText.table(queueHead, queues.map(queueRow)) +
  (hasMoreQueues ? `\nThere are more queues: these are the first ${queues.length}.` : "")

const queueHead = [
  "queue",
  "latency",
  "ready",
  "waiting",
  "running",
  "slots",
  "later",
  "blocked",
  "paused"
]

const queueRow = (queue: QueueOverview): ReadonlyArray<string | number> => [
  StatusText.printable(queue.queue),
  StatusText.latencyOf(queue),
  StatusText.numberOf(queue.ready),
  StatusText.numberOf(queue.waiting),
  StatusText.numberOf(queue.running),
  queue.slots,
  StatusText.numberOf(queue.later),
  StatusText.numberOf(queue.blocked),
  StatusText.numberOf(queue.paused)
]

/** All jobs, those of the history, too, each counted. */
export const ofCounts = (counts: ReadonlyArray<QueueCounts>): string =>
  StatusText.table(
    countsHead,
    counts.map((row) => [
      StatusText.printable(row.queue),
      ...countsHead.slice(1).map((column) => row[column])
    ])
  )

const countsHead = [
  "queue",
  "ready",
  "waiting",
  "running",
  "scheduled",
  "paused",
  "completed",
  "failed",
  "cancelled",
  "expired",
  "discarded"
] as const

export const ofWorkers = (workers: ReadonlyArray<WorkerOverview>): string =>
  StatusText.table(workerHead, workers.map(workerRow))

/** The same, with the names of the jobs that each of them handles. */
export const ofWorkersWithNames = (workers: ReadonlyArray<WorkerOverview>): string =>
  StatusText.table(
    [...workerHead, "names"],
    workers.map((worker) => [
      ...workerRow(worker),
      StatusText.printable(worker.names === null ? "any" : worker.names.join(","))
    ])
  )

const workerHead = ["worker", "label", "queues", "mode", "at once", "running", "up", "renewed"]

const workerRow = (worker: WorkerOverview): ReadonlyArray<string | number> => [
  StatusText.printable(`${worker.host}:${worker.pid}`),
  StatusText.printable(worker.label),
  StatusText.printable(worker.queues.join(",")),
  worker.mode,
  worker.concurrency,
  worker.running,
  Span.ofSeconds(worker.ageSeconds),
  worker.isStopping ? "stopping" : worker.isLive ? Span.ofSeconds(worker.renewedSeconds) : "late"
]

/** Version 2: the verdict, and the look that it is about. */
export const json = (
  overview: Overview,
  { counts, verdict }: {
    readonly verdict: Verdict
    readonly counts: ReadonlyArray<QueueCounts> | undefined
  }
): string =>
  JSON.stringify(
    { ...valueOf(overview, verdict), ...(counts === undefined ? {} : { exact: counts }) },
    undefined,
    2
  )

/** The same on one line. */
export const jsonLine = (overview: Overview, verdict: Verdict): string =>
  JSON.stringify(valueOf(overview, verdict))

const valueOf = (overview: Overview, verdict: Verdict) => ({ version: 2, verdict, ...overview })
