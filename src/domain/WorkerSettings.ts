/**
 * The settings of a worker, checked: a value out of bounds is refused by name.
 */
import { Duration, Option, Result } from "effect"
import { SettingInvalid } from "./Errors.ts"
import { defaultQueue, nameBytesMax, queueBytesMax, textIssue } from "./JobRecord.ts"
import { busyAfter } from "./Lease.ts"
import * as TraceStyle from "./TraceStyle.ts"

export interface Asked {
  readonly workers?: number | undefined
  readonly concurrency?: number | undefined
  readonly queues?: ReadonlyArray<string> | undefined
  readonly grace?: Duration.Input | undefined
  readonly label?: string | undefined
  readonly workerId?: string | undefined
  readonly notify?: "listen" | "poll" | undefined
  readonly lease?: Duration.Input | undefined
  readonly hangLimit?: Duration.Input | undefined
  readonly onHang?: "abandon" | "kill" | undefined
  readonly stuckAfter?: Duration.Input | undefined
  readonly onStuck?: "wait" | "kill" | undefined
  readonly traceStyle?: TraceStyle.TraceStyle | undefined
  readonly traceKeys?: boolean | undefined
}

export interface WorkerSettings {
  readonly workers: number
  readonly queues: ReadonlyArray<string>
  readonly grace: Duration.Duration
  readonly label: string
  readonly workerId: string | undefined
  readonly lease: Duration.Duration
  readonly hangLimit: Duration.Duration
  readonly stuck: {
    readonly after: Duration.Duration
    /** Whether a stuck run ends the process. */
    readonly isFatal: boolean
  }
  readonly traces: {
    readonly style: TraceStyle.TraceStyle
    /** Whether the span of a run has the key of its job. */
    readonly haveKeys: boolean
  }
}

export const check = (asked: Asked = {}): Result.Result<WorkerSettings, SettingInvalid> => {
  const workers = asked.workers ?? asked.concurrency ?? 5
  const queues = asked.queues ?? [defaultQueue]
  const label = asked.label ?? "pgq"
  const times = {
    grace: lengthOf(asked.grace ?? "30 seconds"),
    lease: lengthOf(asked.lease ?? "15 seconds"),
    hangLimit: lengthOf(asked.hangLimit ?? "10 minutes")
  }
  const stuck = {
    after: lengthOf(asked.stuckAfter ?? "30 seconds"),
    isFatal: asked.onStuck === "kill"
  }
  const traces = { style: asked.traceStyle ?? "auto", haveKeys: asked.traceKeys === true }
  const issues: ReadonlyArray<readonly [string, string | undefined]> = [
    [asked.workers === undefined ? "concurrency" : "workers", workersIssue(workers)],
    ["concurrency", aliasIssue(workers, asked.concurrency)],
    ["queues", queuesIssue(queues)],
    ["label", label === "" ? undefined : textIssue("it", label, nameBytesMax)],
    ["workerId", workerIdIssue(asked.workerId)],
    ["notify", wordIssue(asked.notify, ["listen", "poll"])],
    ["onHang", wordIssue(asked.onHang, ["abandon", "kill"])],
    ["grace", timeIssue(times.grace, graceBounds)],
    ["lease", timeIssue(times.lease, leaseBounds)],
    ["hangLimit", hangIssue(times.hangLimit, times.lease)],
    ["stuckAfter", timeIssue(stuck.after, stuckBounds)],
    ["onStuck", wordIssue(asked.onStuck, ["wait", "kill"])],
    ["traceStyle", wordIssue(asked.traceStyle, TraceStyle.styles)]
  ]
  for (const [setting, issue] of issues) {
    if (issue !== undefined) return Result.fail(new SettingInvalid({ setting, issue }))
  }
  const { workerId } = asked
  return Result.succeed({ ...times, stuck, traces, workers, queues, label, workerId })
}

// An input that is not a duration would count as zero, or end in a defect.
const lengthOf = (input: Duration.Input): Duration.Duration =>
  Number.isNaN(input)
    ? Duration.negativeInfinity
    : Option.getOrElse(Duration.fromInput(input), () => Duration.negativeInfinity)

const leaseBounds = { least: Duration.millis(100), most: Duration.days(1) }
const stuckBounds = { least: Duration.millis(1), most: Duration.infinity }
const graceBounds = { least: Duration.zero, most: Duration.days(7) }

const timeIssue = (
  time: Duration.Duration,
  { least, most }: { readonly least: Duration.Duration; readonly most: Duration.Duration }
): string | undefined =>
  Duration.between(time, { minimum: least, maximum: most })
    ? undefined
    : `${textOf(time)} is not between ${textOf(least)} and ${textOf(most)}`

const textOf = (time: Duration.Duration): string =>
  Duration.equals(time, Duration.negativeInfinity)
    ? "what is no length of time"
    : Duration.format(time)

/** The watchdog observes the thread three times until then. */
const hangIssue = (limit: Duration.Duration, lease: Duration.Duration): string | undefined => {
  const shortest = Duration.millis(busyAfter(Duration.toMillis(lease)))
  return Duration.isLessThan(limit, shortest)
    ? `a handler that keeps the thread for less than ${Duration.format(shortest)} does not hang`
    : undefined
}

const workersIssue = (workers: number): string | undefined =>
  Number.isInteger(workers) && workers >= 1 && workers <= 10_000
    ? undefined
    : `${workers} is not a whole number from 1 to 10000`

/** `workers` and `concurrency` are two names of one setting. */
const aliasIssue = (workers: number, concurrency = workers): string | undefined =>
  concurrency === workers
    ? undefined
    : `it is ${concurrency}, but workers, the same setting, is ${workers}`

const queuesIssue = (queues: ReadonlyArray<string>): string | undefined => {
  if (!Array.isArray(queues)) return "it is not a list of names"
  if (queues.length === 0) return "a worker needs at least one queue"
  const seen = new Set<string>()
  for (const queue of queues) {
    if (typeof queue !== "string") return "a queue's name is a text"
    const issue = textIssue(queue === "" ? "a name" : `"${queue}"`, queue, queueBytesMax)
    if (issue !== undefined) return issue
    if (seen.has(queue)) return `"${queue}" is named twice`
    seen.add(queue)
  }
  return undefined
}

const workerIdIssue = (id: string | undefined): string | undefined =>
  id === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
    ? undefined
    : `"${id}" is not a uuid`

/** A caller in JavaScript may pass anything. */
const wordIssue = (word: string | undefined, words: ReadonlyArray<string>): string | undefined =>
  word === undefined || words.includes(word)
    ? undefined
    : `"${word}" is neither ${words.map((each) => `"${each}"`).join(" nor ")}`
