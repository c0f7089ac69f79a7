/**
 * The problems of the workers as a whole: some have died, or they run more than one version.
 */
import type { Limits } from "./Limits.ts"
import type { Overview } from "./Overview.ts"
import type { Weighed } from "./Problem.ts"
import * as Span from "./Span.ts"

export const of = (overview: Overview, limits: Limits): ReadonlyArray<Weighed> => [
  ...died(overview, limits),
  ...versionSkew(overview, limits)
]

/** One death may be the kernel's choice, or somebody's. Others have its jobs by now. */
const died = ({ pastWorkers }: Overview, limits: Limits): ReadonlyArray<Weighed> => {
  const dead = pastWorkers.filter(({ ended, endedSeconds }) =>
    ended === "died" && endedSeconds <= limits.deathsSpan
  )
  const worst = dead.toSorted((a, b) => b.jobsHeld - a.jobsHeld)[0]
  if (worst === undefined) return []
  const { endedSeconds, host, id, jobsHeld, pid } = worst
  const others = dead.length - 1
  return [{
    code: "WorkerDied",
    severity: dead.length > limits.deaths ? "bad" : "notice",
    text: `${host}:${pid} died holding ${counted(jobsHeld, "job")}, ` +
      `${Span.ofSeconds(endedSeconds)} ago` +
      (others === 0 ? "" : `; ${counted(others, "other worker")} died since then or before`),
    evidence: { worker: id, host, pid, jobsHeld, endedSeconds, died: dead.length },
    next: `journalctl -n 50 _PID=${pid}`,
    weight: dead.length
  }]
}

/** A version is there for as long as its oldest worker. A deployment takes its time. */
const versionSkew = ({ workers }: Overview, limits: Limits): ReadonlyArray<Weighed> => {
  const since = new Map<string, number>()
  for (const { ageSeconds, isLive, version } of workers) {
    if (isLive && version !== null) {
      since.set(version, Math.max(since.get(version) ?? 0, ageSeconds))
    }
  }
  const ages = Array.from(since.values()).toSorted((a, b) => b - a)
  const seconds = ages[1] ?? 0
  if (seconds <= limits.versions) return []
  const versions = Array.from(since.keys()).toSorted().join(", ")
  return [{
    code: "VersionSkew",
    severity: "notice",
    text: `workers run ${since.size} versions of pgq, for ${Span.ofSeconds(seconds)}: ${versions}`,
    evidence: { versions, seconds },
    next: "pgq workers --json",
    weight: since.size
  }]
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`
