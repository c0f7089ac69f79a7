/**
 * Checks that exactly those jobs ended as cancelled that somebody has cancelled, and that none of
 * them started afterwards.
 */
import type { Evidence } from "./Database.ts"
import * as Jobs from "./Jobs.ts"
import * as Ledger from "./Ledger.ts"
import type { Pause } from "./Runs.ts"
import type { Violation } from "./Violation.ts"

export const check = (
  jobs: ReadonlyMap<number, Jobs.Job>,
  entries: ReadonlyArray<Ledger.Entry>,
  { finished, history, left, replaced }: Evidence,
  pauses: ReadonlyArray<Pause>
): ReadonlyArray<Violation> => {
  const isForgotten = Ledger.isForgotten(entries)
  const asked = entries.filter((entry) => entry.what === "cancel")
  const known = asked.filter(({ at }) => !isForgotten(at))
  // The answer of a lost call may have been any.
  const ends = ["cancelled", "stopping", "lost"]
  const mayEnd = Jobs.alsoLater(
    new Set(asked.flatMap(({ answer, n }) => ends.includes(answer) ? [n] : [])),
    replaced
  )
  const mustEnd = new Map(known.flatMap((one) => one.answer === "cancelled" ? [[one.n, one]] : []))
  const mustNotGoOn = new Map(
    known.flatMap((one) =>
      one.answer === "cancelled" || one.answer === "stopping" ? [[one.id, one] as const] : []
    )
  )
  const violation = (n: number, detail: string): Violation => ({
    check: "cancelled, and went on",
    detail: `job ${n} (${jobs.get(n)?.does}): ${detail}`
  })

  return [
    ...finished.flatMap(({ n, outcome }): ReadonlyArray<Violation> => {
      if (outcome === "cancelled" && !mayEnd.has(n)) {
        return [{ check: "wrong end", detail: `job ${n} was cancelled by nobody` }]
      }
      return outcome !== "cancelled" && mustEnd.has(n) ? [violation(n, `${outcome} at last`)] : []
    }),
    ...left.flatMap(({ n, state }) => mustEnd.has(n) ? [violation(n, state)] : []),
    ...history.flatMap(({ at, ids, isClaim, lease }) =>
      (isClaim ? ids : []).flatMap((id) => {
        const cancel = mustNotGoOn.get(id)
        return cancel !== undefined && at > cancel.wall + readMillis
          ? [violation(cancel.n, `${cancel.answer} at ${cancel.wall}, in lease ${lease} at ${at}`)]
          : []
      })
    ),
    ...lateStarts(jobs, entries, pauses).flatMap((start) => {
      const cancel = mustEnd.get(start.n)
      return cancel !== undefined && start.at > cancel.at
        ? [violation(start.n, `cancelled at ${cancel.at}, started at ${start.at} in ${start.pid}`)]
        : []
    })
  ]
}

/** Milliseconds. The clocks of the ledger and of the server are read to different precisions. */
const readMillis = 1

/**
 * The starts that a cancel before them must have prevented, which excludes two kinds. A process may
 * be frozen between its last look at its lease and the entry of a start. And a crash of the server
 * forgets leases of jobs without a key, of which the worker learns with a renewal.
 */
export const lateStarts = (
  jobs: ReadonlyMap<number, Jobs.Job>,
  entries: ReadonlyArray<Ledger.Entry>,
  pauses: ReadonlyArray<Pause>
): ReadonlyArray<Ledger.RunEntry> => {
  const crashes = entries.filter((entry) =>
    entry.what === "fault" && entry.fault.startsWith("server crash")
  )
  return entries.filter(isStart).filter(({ at, n, pid }) =>
    !pauses.some((pause) => pause.pid === pid && pause.from < at && at < pause.to + justAwake) &&
    (jobs.get(n)?.key !== null || !crashes.some((one) => one.at < at && at < one.at + learning))
  )
}

const isStart = (entry: Ledger.Entry): entry is Ledger.RunEntry => entry.what === "start"

/** Milliseconds. */
const justAwake = 1000
const learning = 20_000
