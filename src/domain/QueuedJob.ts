/**
 * A job in a queue as a test sees it, and the words for it.
 */
import { Duration, Formatter } from "effect"

/** A job that is queued: ready, behind its key, for later, or running. */
export interface QueuedJob<Payload> {
  readonly id: bigint
  readonly queue: string
  readonly name: string
  readonly payload: Payload
  readonly key: string | undefined
  readonly priority: number
  /** The number of its next attempt; the first is 1. */
  readonly attempt: number
  readonly maxAttempts: number | undefined
  /** The time until it comes due: zero if it is, infinite if it is blocked. */
  readonly delay: Duration.Duration
}

/** One line about a job. */
export const textOf = (job: QueuedJob<unknown>): string => {
  const payload = valueText(job.payload)
  return [
    `"${job.name}" ${job.id}`,
    ...(payload === "undefined" || payload === "{}" ? [] : [payload]),
    ...(job.key === undefined ? [] : [`key ${valueText(job.key)}`]),
    ...(job.queue === "default" ? [] : [`queue ${valueText(job.queue)}`]),
    ...(job.priority === 0 ? [] : [`priority ${job.priority}`]),
    ...(job.attempt === 1 ? [] : [`attempt ${job.attempt}`]),
    ...(Duration.isZero(job.delay) ? [] : [delayText(job.delay)])
  ].join(", ")
}

/** A value as in source code, not longer than a line. */
export const valueText = (value: unknown): string => {
  const text = Formatter.format(value)
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text
}

export const delayText = (delay: Duration.Duration): string =>
  Duration.isFinite(delay)
    ? `due in ${Duration.format(Duration.millis(Math.ceil(Duration.toMillis(delay))))}`
    : "blocked"

const valueMax = 200
