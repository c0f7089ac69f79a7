/**
 * What happened, written outside the database by every process about itself, in lines that outlive
 * the death of their writer. All processes of a host share the monotonic clock.
 */
import { openSync, readdirSync, readFileSync, writeSync } from "node:fs"
import { join } from "node:path"

/** What a handler says of one run of the job that the producer numbered `n`. */
export interface RunEntry {
  readonly what: "start" | "end" | "fail" | "abort"
  readonly at: number
  readonly pid: number
  /** Which of the process's runs. */
  readonly run: number
  readonly n: number
  readonly attempt: number
}

/** A job that a producer is about to add, in its transaction `tx`. */
export interface IntentEntry {
  readonly what: "intent"
  readonly at: number
  readonly n: number
  readonly tx: string
  readonly queue: string
  readonly key: string | null
  readonly priority: number
  readonly isLater: boolean
  readonly does: string
}

/** How a transaction ended; `wall` is the time of day in milliseconds. */
export interface EndEntry {
  readonly what: "ack" | "rollback" | "unknown"
  readonly at: number
  readonly wall: number
  readonly tx: string
}

/** What is about to be done to a process; with `gone` and `resume`, what was. */
export interface ProcessEntry {
  readonly what: "born" | "pause" | "resume" | "gone"
  readonly at: number
  readonly pid: number
}

export interface KillEntry {
  readonly what: "kill"
  readonly at: number
  readonly pid: number
  /** A parent sees it die. */
  readonly isSupervised: boolean
}

/** What was done to the rest of the world. */
export interface FaultEntry {
  readonly what: "fault"
  readonly at: number
  readonly fault: string
  readonly detail: string
}

/** The server fell back to what it knew at `from`; nothing of it that came before `at` is there now. */
export interface RewindEntry {
  readonly what: "rewind"
  readonly at: number
  readonly from: number
}

export type Entry =
  | RunEntry
  | IntentEntry
  | EndEntry
  | ProcessEntry
  | KillEntry
  | FaultEntry
  | RewindEntry

/** Milliseconds of the monotonic clock. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

export const open = (folder: string, name: string): (entry: Entry) => void => {
  const file = openSync(join(folder, `${name}.jsonl`), "a")
  return (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`)
}

/** Everything that all ledgers of a folder say, in order of time. */
export const read = (folder: string): ReadonlyArray<Entry> =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").flatMap(parse))
    .toSorted((one, other) => one.at - other.at)

/** Whether what was done then may have been forgotten by a failover. */
export const isForgotten = (entries: ReadonlyArray<Entry>): (at: number) => boolean => {
  const rewinds = entries.filter((entry) => entry.what === "rewind")
  return (at) => rewinds.some((rewind) => rewind.from <= at && at <= rewind.at)
}

/** The last line of a killed process may be torn. */
const parse = (line: string): ReadonlyArray<Entry> => {
  if (!line.endsWith("}")) return []
  const entry: Entry = JSON.parse(line)
  return [entry]
}
