/**
 * The status of a worker and the counts of a schema, as text for people.
 */
import * as ErrorText from "../domain/ErrorText.ts"
import * as Span from "../domain/Span.ts"
import type { QueueCounts, WorkerStatus } from "../domain/WorkerStatus.ts"

/**
 * The status of a running worker. `waiting` is the number of waiting jobs in its schema, or the
 * reason why the number is unknown.
 */
export const ofQueue = (
  status: WorkerStatus,
  waiting: ReadonlyArray<QueueCounts> | string
): ReadonlyArray<string> => [
  [
    `pgq ${process.pid}: up ${age(status.uptime)}`,
    `mode ${status.mode}`,
    `${status.running.length} of ${status.concurrency} running`,
    `queues ${status.queues.join(", ")}`,
    ...(status.stopping === undefined ? [] : [`stopping (${status.stopping})`])
  ].join(", "),
  `  since the start: ${status.done} done, ${status.failed} failed, ${status.retried} retried` +
  (status.snoozed === 0 ? "" : `, ${status.snoozed} snoozed`) +
  (status.cancelled === 0 ? "" : `, ${status.cancelled} cancelled`),
  ...status.running.map((job) =>
    `  running: ${job.id} ${job.name}${job.key === undefined ? "" : ` key=${job.key}`}, for ${
      age(job.age)
    }${job.fraction === undefined ? "" : `, ${Math.round(100 * job.fraction)} % done`}${
      job.isStuck ? ", stuck: it was interrupted and goes on" : ""
    }`
  ),
  ...(status.prefetched === 0 ? [] : [`  claimed, not started: ${status.prefetched}`]),
  ...(typeof waiting === "string"
    ? [`  waiting now: unknown, ${waiting}`]
    : waiting.length === 0
    ? ["  waiting now: nothing"]
    : waiting.map((counts) =>
      [
        `  waiting now in ${counts.queue}: ${counts.ready} ready`,
        `${counts.waiting} behind their key`,
        `${counts.scheduled} for later`,
        ...(counts.paused === 0 ? [] : [`${counts.paused} paused`])
      ].join(", ")
    )),
  ...(status.lastError === undefined
    ? []
    : [`  last error: ${ErrorText.summary(status.lastError)}`])
]

/** Columns as wide as their widest cell; numbers to the right. */
export const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number>>
): string => {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const isNumber = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => typeof row[column] === "number")
  )
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)
        )
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

/** A duration with the precision that people need. */
export const age = Span.text
