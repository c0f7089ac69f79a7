/**
 * The status of a worker and the counts of a schema, as text for people.
 */
import { Duration } from "effect"
import * as Count from "../domain/Count.ts"
import * as ErrorText from "../domain/ErrorText.ts"
import type { QueueOverview } from "../domain/Overview.ts"
import * as Span from "../domain/Span.ts"
import type { WorkerStatus } from "../domain/WorkerStatus.ts"
import * as Cells from "./Cells.ts"
import * as Screen from "./Screen.ts"

/**
 * The status of a running worker. `waiting` is the number of waiting jobs in its schema, or the
 * reason why the number is unknown.
 */
export const ofQueue = (
  status: WorkerStatus,
  waiting: ReadonlyArray<QueueOverview> | string
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
    : waiting.every(isEmpty)
    ? ["  waiting now: nothing"]
    : waiting.filter((queue) => !isEmpty(queue)).map((queue) =>
      [
        `  waiting now in ${queue.queue}: ${numberOf(queue.ready)} ready`,
        `${numberOf(queue.waiting)} behind their key`,
        `${numberOf(queue.later)} for later`,
        ...(isNone(queue.blocked) ? [] : [`${numberOf(queue.blocked)} blocked`]),
        ...(isNone(queue.paused) ? [] : [`${numberOf(queue.paused)} paused`])
      ].join(", ")
    )),
  ...(status.lastError === undefined
    ? []
    : [`  last error: ${ErrorText.summary(status.lastError)}`])
]

/** A part that was not read is not known. */
export const numberOf = (count: Count.Count | null): string =>
  count === null ? "?" : Count.text(count)

const isEmpty = ({ blocked, later, paused, ready, waiting }: QueueOverview): boolean =>
  [blocked, later, paused, ready, waiting].every(isNone)

const isNone = (count: Count.Count | null): boolean => count?.value === 0

/**
 * Columns as wide as their widest cell, numbers to the right. Where a terminal has less room, the
 * widest texts are cut.
 */
export const table = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
  screenWidth = Screen.width()
): string => {
  const texts = [head, ...rows.map((row) => row.map(String))]
  const isNumber = head.map((_, column) =>
    rows.length > 0 && rows.every((row) => isNumeric.test(String(row[column])))
  )
  const whole = head.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)))
  const widths = fitted(whole, isNumber, screenWidth)
  const cells = texts.map((row) =>
    row.map((text, column) =>
      widths[column]! < whole[column]! ? Cells.cut(text, widths[column]!) : text
    )
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

/** The widths, of which those of texts shrink, the widest first, until a line fits. */
const fitted = (
  widths: ReadonlyArray<number>,
  isNumber: ReadonlyArray<boolean>,
  room: number
): ReadonlyArray<number> => {
  const left = [...widths]
  const total = () => left.reduce((sum, width) => sum + width + 2, -2)
  while (total() > room) {
    const most = Math.max(...left.filter((_, column) => !isNumber[column]))
    if (most <= textMin) break
    left[left.findIndex((width, column) => width === most && !isNumber[column])] = most - 1
  }
  return left
}

/** A text is not cut below this many cells. */
const textMin = 10

/** A number, a count that says how precise it is, a span, or a value that is not known. */
const isNumeric = /^(?:≈ )?-?[\d,.]+(?:\+|(?: [kMG])?|(?:ms|s|m|h|d)(?: \d+[smh])?)$|^\?$/

/** A name, a reason or an error may hold characters that a terminal obeys. */
export const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, " ")

/** A duration with the precision that people need. */
export const age = (span: Duration.Duration): string => Span.ofSeconds(Duration.toSeconds(span))

/** How late the queue is, of how late it may be. */
export const latencyOf = (
  { latency, objective }: Pick<QueueOverview, "latency" | "objective">
): string =>
  (latency === null ? "?" : Span.ofSeconds(latency)) +
  (objective === null ? "" : ` of ${Span.ofSeconds(objective)}`)
