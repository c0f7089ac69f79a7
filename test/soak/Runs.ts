/**
 * The runs of jobs as the ledgers tell them, and what must hold between them.
 */
import { backlogAgeMax } from "../../src/domain/Prefetch.ts"
import type { Entry, RewindEntry, RunEntry } from "./Ledger.ts"
import type { Violation } from "./Violation.ts"

export interface Run {
  readonly name: string
  readonly n: number
  readonly pid: number
  readonly from: number
  /** Infinite while it is open. */
  to: number
  how: "open" | "end" | "fail" | "abort" | "killed" | "gone"
}

/** How long a process stood still. */
export interface Pause {
  readonly pid: number
  readonly from: number
  /** Infinity while it does. */
  to: number
}

/** A run that the death of its process cut short, and how long it took until the job ran again. */
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

  // Whoever wakes a process wakes it, however often it was stopped.
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
        // The id of a dead process may be given to another.
        dead.delete(entry.pid)
        break
      case "start": {
        // A process may do a little more between the note of its death and its death.
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
        // One that never woke has done nothing since it was frozen.
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
 * Two runs of one lane at once are wrong, unless nobody can prevent it: because one of them belongs
 * to a process that was frozen for so long that it was taken for dead, until it has noticed, or
 * because a failover forgot the lease of one, until its process has heard of it.
 */
export const overlaps = (options: {
  readonly runs: ReadonlyArray<Run>
  readonly pauses: ReadonlyArray<Pause>
  readonly laneOf: (n: number) => string | undefined
  readonly leaseMillis: number
  readonly rewinds: ReadonlyArray<RewindEntry>
}): { readonly violations: ReadonlyArray<Violation>; readonly explained: number } => {
  const { laneOf, leaseMillis, pauses, rewinds, runs } = options
  // A lease is renewed three times as often as it ends.
  const renewal = leaseMillis / 3
  const lanes = new Map<string, ReadonlyArray<Run>>()
  const violations: Array<Violation> = []
  let explained = 0

  const isZombie = ({ pid }: Run, from: number, to: number) =>
    pauses.some((pause) =>
      pause.pid === pid && pause.to - pause.from > leaseMillis - renewal && pause.from < from &&
      to < pause.to + renewal
    )
  // What was claimed until then may start later: it waits in its worker for as long as that is
  // frozen, and for half a second that it is not.
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

/** How long jobs waited whose run died with its process. */
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
 * Without other faults a parent hands jobs back within a second, and others find them soon after a
 * lease.
 */
export const slow = (
  recoveries: ReadonlyArray<Recovery>,
  { leaseMillis, lookMillis, since }: {
    readonly leaseMillis: number
    /** Idle workers that hear nothing look so often. */
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
 * Without faults nothing runs again that has ended well, unless its process died before it could
 * say so.
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
