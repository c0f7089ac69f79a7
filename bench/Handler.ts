/**
 * What a job does in a worker's process, for every contender alike. Starts are counted here and
 * reported to the parent now and then; the times are taken here, so that reporting costs nothing.
 */
import { setTimeout as sleep } from "node:timers/promises"

export interface Payload {
  readonly n: number
  /** Starts are counted by kind. Defaults to "job". */
  readonly kind?: string
  /** When it was added, by `clock`: the time until its start is reported. */
  readonly at?: number
  /** Reported at once, because somebody waits for it. */
  readonly isAwaited?: boolean
  /** How long it takes, in milliseconds. */
  readonly takes?: number
  readonly fails?: boolean
  /** Fails when this process runs it first. No two such jobs have the same `n`. */
  readonly failsOnce?: boolean
}

export interface Tally {
  readonly count: number
  readonly firstAt: number
  readonly lastAt: number
}

export interface Report {
  /** By `clock`. */
  readonly at: number
  readonly tallies: Readonly<Record<string, Tally>>
  /** Milliseconds from enqueue to start, of the jobs since the last report. */
  readonly waits: ReadonlyArray<number>
}

/** Milliseconds, comparable between the processes of one machine. */
export const clock = (): number => performance.timeOrigin + performance.now()

const tallies: Record<string, { count: number; firstAt: number; lastAt: number }> = {}
let waits: Array<number> = []
let hasNews = false

export const handle = (payload: Payload): Promise<void> | void => {
  const now = clock()
  const tally = tallies[payload.kind ?? "job"] ??= { count: 0, firstAt: now, lastAt: now }
  tally.count++
  tally.lastAt = now
  hasNews = true
  if (payload.at !== undefined) waits.push(now - payload.at)
  if (payload.isAwaited) report()
  if (payload.fails || (payload.failsOnce && isFirstTry(payload.n))) throw new Error("as asked")
  if (payload.takes !== undefined) return sleep(payload.takes)
}

const tried = new Set<number>()

const isFirstTry = (n: number): boolean => {
  const isFirst = !tried.has(n)
  tried.add(n)
  return isFirst
}

const report = (): void => {
  if (!hasNews) return
  hasNews = false
  // A parent that is gone is noticed below.
  process.send?.({ at: clock(), tallies, waits } satisfies Report, undefined, undefined, () => {})
  waits = []
}

if (process.send !== undefined) {
  setInterval(report, 50).unref()
  process.once("disconnect", () => process.exit())
}
