/**
 * The runs of jobs as the ledgers tell them, and the checks of these runs.
 */
import { backlogAgeMax } from "../../src/domain/Prefetch.ts"
import type { Entry, RewindEntry, RunEntry } from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export interface Run {
  readonly name: string
  readonly n: number
  readonly pid: number
  readonly from: number
  /** Infinite while the run is open. */
  to: number
  how: "open" | "end" | "fail" | "abort" | "killed" | "gone"
}

/** The time in which a process was frozen. */
export interface Pause {
  readonly pid: number
  readonly from: number
  /** Infinite while the process is frozen. */
  to: number
}

/** A run that the death of its process cut short, and the time until the job ran again. */
export interface Recovery {
  /** When the process died. */
  readonly at: number
  readonly isSupervised: boolean
  readonly millis: number
}

const nameOf = ({ pid, run }: RunEntry): string => `${pid}/${run}`

export const read = (entries: ReadonlyArray<Entry>) => {
  const runs: Array<Run> = []
  const open = new Map<string, Run>()
  const dead = new Set<number>()
  const pauses: Array<Pause> = []
  const frozen = new Map<number, Pause>()

  // One signal wakes a process, however often it was stopped.
  const wake = (pid: number, to: number) => {
    const pause = frozen.get(pid)
    if (pause !== undefined) pause.to = to
    frozen.delete(pid)
  }
  const close = (run: Run, to: number, how: Run["how"]) => {
    open.delete(run.name)
    Object.assign(run, { to, how })
  }
  const reportDead = (pid: number, at: number, how: Run["how"]) => {
    dead.add(pid)
    wake(pid, at)
    for (const run of open.values()) if (run.pid === pid) close(run, at, how)
  }
  for (const entry of entries) {
    switch (entry.what) {
      case "born":
        // The system may give the id of a dead process to a new one.
        dead.delete(entry.pid)
        break
      case "start": {
        // The entry of a death is written before the signal, so the process may still do a little
        // more.
        if (dead.has(entry.pid)) break
        const { at, n, pid } = entry
        const run: Run = { name: nameOf(entry), n, pid, from: at, to: Infinity, how: "open" }
        runs.push(run)
        open.set(run.name, run)
        break
      }
      case "end":
      case "fail":
      case "abort": {
        const run = open.get(nameOf(entry))
        if (run !== undefined) close(run, entry.at, entry.what)
        break
      }
      case "kill":
        reportDead(entry.pid, entry.at, "killed")
        break
      case "gone":
        // A process that never woke has done nothing since it was frozen.
        reportDead(entry.pid, frozen.get(entry.pid)?.from ?? entry.at, "gone")
        break
      case "pause": {
        if (frozen.has(entry.pid)) break
        const pause: Pause = { pid: entry.pid, from: entry.at, to: Infinity }
        pauses.push(pause)
        frozen.set(entry.pid, pause)
        break
      }
      case "resume":
        wake(entry.pid, entry.at)
    }
  }
  return { runs, pauses }
}

/**
 * Two runs of one lane at once are a violation, with two exceptions that pgq cannot prevent. One
 * run may belong to a process that was frozen for so long that it was taken for dead; the exception
 * ends when the process has noticed. Or a failover lost the lease of one run; the exception ends
 * when the run's process has heard of the loss.
 */
export const overlaps = (options: {
  readonly runs: ReadonlyArray<Run>
  readonly pauses: ReadonlyArray<Pause>
  readonly laneOf: (n: number) => string | undefined
  readonly leaseMillis: number
  readonly rewinds: ReadonlyArray<RewindEntry>
}): { readonly violations: ReadonlyArray<Violation>; readonly explained: number } => {
  const { laneOf, leaseMillis, pauses, rewinds, runs } = options
  // A worker renews its lease three times in the length of the lease.
  const renewal = leaseMillis / 3
  const lanes = new Map<string, ReadonlyArray<Run>>()
  const violations: Array<Violation> = []
  let explained = 0

  const isZombie = ({ pid }: Run, from: number, to: number) =>
    pauses.some((pause) =>
      pause.pid === pid && pause.to - pause.from > leaseMillis - renewal && pause.from < from &&
      to < pause.to + renewal
    )
  // A job that was claimed until `at` may start later. It waits in its worker while the worker is
  // frozen, and for half a second of other time.
  const latestStart = (pid: number, at: number) =>
    backlogAgeMax +
    (pauses.find((pause) => pause.pid === pid && pause.from <= at && at <= pause.to)?.to ?? at)
  const isForgotten = (one: Run, other: Run) =>
    rewinds.some(({ at, from, until }) =>
      from <= one.from && one.from <= latestStart(one.pid, at) && until <= other.from &&
      other.from < at + leaseMillis
    )
  for (const run of runs) {
    const lane = laneOf(run.n)
    if (lane === undefined) continue
    const beside = (lanes.get(lane) ?? []).filter(({ to }) => to > run.from)
    lanes.set(lane, [...beside, run])
    for (const other of beside) {
      if (isForgotten(other, run) || isForgotten(run, other)) continue
      const to = Math.min(other.to, run.to)
      if (isZombie(other, run.from, to) || isZombie(run, run.from, to)) explained++
      else {violations.push({
          check: "overlap",
          detail: `${lane}: ${tell(other)} beside ${tell(run)}`
        })}
    }
  }
  return { violations, explained }
}

const tell = ({ from, how, n, pid, to }: Run): string =>
  `job ${n} in ${pid} from ${from} to ${to} (${how})`

/** The recoveries of jobs whose run died with its process. */
export const recoveries = (
  runs: ReadonlyArray<Run>,
  entries: ReadonlyArray<Entry>
): ReadonlyArray<Recovery> => {
  const supervised = new Set(
    entries.flatMap((entry) => entry.what === "kill" && entry.isSupervised ? [entry.pid] : [])
  )
  const killed = new Map<number, Run>()
  const found: Array<Recovery> = []
  for (const run of runs) {
    const before = killed.get(run.n)
    if (before !== undefined) {
      const millis = run.from - before.to
      found.push({ at: before.to, isSupervised: supervised.has(before.pid), millis })
    }
    if (run.how === "killed") killed.set(run.n, run)
    else killed.delete(run.n)
  }
  return found
}

/**
 * Without other faults, a parent gives back the jobs of a dead child within a second. Other workers
 * find the jobs of an unsupervised worker soon after its lease has ended.
 */
export const slow = (
  recoveries: ReadonlyArray<Recovery>,
  { leaseMillis, lookMillis, since }: {
    readonly leaseMillis: number
    /** The time between two claims of an idle worker that gets no wake-ups. */
    readonly lookMillis: number
    readonly since: number
  }
): ReadonlyArray<Violation> =>
  recoveries.flatMap(({ at, isSupervised, millis }) => {
    const millisMax = lookMillis + (isSupervised ? 1000 : leaseMillis + 5000)
    const detail = `${isSupervised ? "supervised" : "alone"}: ran again after ${
      millis.toFixed(0)
    } ms`
    return at < since || millis <= millisMax ? [] : [{ check: "slow recovery", detail }]
  })

/**
 * Without faults, no job runs again after a run that ended well. An exception is a run whose
 * process was killed: its settlement may be lost.
 */
export const again = (
  runs: ReadonlyArray<Run>,
  entries: ReadonlyArray<Entry>,
  since: number
): ReadonlyArray<Violation> => {
  const dead = new Set(
    entries.flatMap((entry) => entry.what === "kill" && entry.at >= since ? [entry.pid] : [])
  )
  const ended = new Map<number, Run>()
  return runs.flatMap((run): ReadonlyArray<Violation> => {
    const before = ended.get(run.n)
    if (run.how === "end" && run.from >= since && !dead.has(run.pid)) ended.set(run.n, run)
    return before === undefined
      ? []
      : [{ check: "run again", detail: `${tell(run)}, after ${tell(before)}` }]
  })
}
