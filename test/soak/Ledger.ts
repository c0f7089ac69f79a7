/**
 * The ledgers: files outside the database, in which each process writes what it does. The lines
 * outlive the death of their writer. All processes of a host share the monotonic clock.
 */
import { closeSync, openSync, readdirSync, readSync, writeSync } from "node:fs"
import { join } from "node:path"

/** An entry of a handler about one run of the job that the producer numbered `n`. */
export interface RunEntry {
  readonly what: "start" | "end" | "fail" | "abort"
  readonly at: number
  readonly pid: number
  /** The number of the run in its process. */
  readonly run: number
  readonly n: number
  readonly attempt: number
}

/** A job that a producer is about to add in the transaction `tx`. */
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

/** A job that somebody lets expire. */
export interface ExpireEntry {
  readonly what: "expire"
  readonly at: number
  readonly n: number
}

/** The end of a transaction. `wall` is the time of the wall clock in milliseconds. */
export interface EndEntry {
  readonly what: "ack" | "rollback" | "unknown"
  readonly at: number
  readonly wall: number
  readonly tx: string
}

/**
 * An event of a process. A `pause` is written before the signal; `resume` and `gone` are written
 * afterwards.
 */
export interface ProcessEntry {
  readonly what: "born" | "pause" | "resume" | "gone"
  readonly at: number
  readonly pid: number
}

export interface KillEntry {
  readonly what: "kill"
  readonly at: number
  readonly pid: number
  /** Whether a parent sees the process die. */
  readonly isSupervised: boolean
}

/**
 * The answer to the cancel of a job; `ended` if the job had ended before, `lost` if none came.
 * `wall` is the time of the wall clock in milliseconds.
 */
export interface CancelEntry {
  readonly what: "cancel"
  readonly at: number
  readonly wall: number
  readonly n: number
  readonly id: number
  readonly answer: string
}

/**
 * The answer to an offer of the unique job `n`: the outcome, and the job that was added or stands
 * for it. `sent` and `wall` are times of the wall clock, before the call and after the answer.
 */
export interface OfferEntry {
  readonly what: "offer"
  readonly at: number
  readonly sent: number
  readonly wall: number
  readonly n: number
  readonly id: number
  readonly key: string
  readonly isWithin: boolean
  readonly outcome: string
}

/** A fault that was injected, or the start of the peace. */
export interface FaultEntry {
  readonly what: "fault"
  readonly at: number
  readonly fault: string
  readonly detail: string
}

/**
 * A failover that may have lost the commits since `from`. Nobody could write just before `until`;
 * at `at` the server takes writes again.
 */
export interface RewindEntry {
  readonly what: "rewind"
  readonly at: number
  readonly from: number
  readonly until: number
}

export type Entry =
  | RunEntry
  | IntentEntry
  | EndEntry
  | ProcessEntry
  | CancelEntry
  | ExpireEntry
  | OfferEntry
  | KillEntry
  | FaultEntry
  | RewindEntry

/** Milliseconds of the monotonic clock. */
export const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000

export const open = (folder: string, name: string): (entry: Entry) => void => {
  const file = openSync(join(folder, `${name}.jsonl`), "a")
  return (entry) => void writeSync(file, `${JSON.stringify(entry)}\n`)
}

/** The entries of all ledgers in a folder, in order of time. */
export const read = (folder: string): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".jsonl")) continue
    for (const line of linesOf(join(folder, name))) {
      // The last line of a killed process may be incomplete.
      if (line.endsWith("}")) entries.push(parse(line))
    }
  }
  return entries.toSorted((one, other) => one.at - other.at)
}

const parse = (line: string): Entry => JSON.parse(line)

/** Reads piece by piece, because the ledger of an hour is longer than a string can be. */
const linesOf = function*(path: string): Generator<string> {
  const file = openSync(path, "r")
  const piece = Buffer.alloc(1 << 20)
  let rest = Buffer.alloc(0)
  for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
    const bytes = Buffer.concat([rest, piece.subarray(0, length)])
    const end = bytes.lastIndexOf("\n") + 1
    yield* bytes.toString("utf8", 0, end).split("\n")
    rest = bytes.subarray(end)
  }
  yield rest.toString("utf8")
  closeSync(file)
}

/** Whether a failover may have lost a commit of this time. */
export const isForgotten = (entries: ReadonlyArray<Entry>): (at: number) => boolean => {
  const rewinds = rewindsOf(entries)
  return (at) => rewinds.some(({ from, until }) => from <= at && at <= until)
}

export const rewindsOf = (entries: ReadonlyArray<Entry>): ReadonlyArray<RewindEntry> =>
  entries.filter((entry) => entry.what === "rewind")
