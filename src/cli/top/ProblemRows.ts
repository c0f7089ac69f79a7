/**
 * The verdict and its problems, as rows.
 */
import type { Problem } from "../../domain/Problem.ts"
import type { Verdict } from "../../domain/Verdict.ts"
import type { Page, Row, Section, Style } from "./Page.ts"
import type { State } from "./TopState.ts"
import * as WhyRows from "./WhyRows.ts"

const styles: Readonly<Record<Verdict["state"], Style>> = {
  good: "good",
  bad: "bad",
  unknown: "notice"
}

export const section = ({ figures }: State): Section => {
  if (figures === undefined) return { head: [{ text: "looking …", style: "faint" }], rows: [] }
  const { overview: { unread }, verdict: { problems, sentence, state } } = figures
  const missing = unread.length === 0
    ? ""
    : `; no answer in time, or no right: ${unread.join(", ")}`
  return {
    head: [{
      text: problems.length === 0
        ? `${state}: ${sentence}`
        : `${state}: ${summary(problems)}${missing}`,
      style: styles[state]
    }],
    rows: problems.map(rowOf)
  }
}

/** The rows say the problems themselves. */
const summary = (problems: ReadonlyArray<Problem>): string => {
  const bad = problems.filter(({ severity }) => severity === "bad").length
  return [[bad, "problem"] as const, [problems.length - bad, "notice"] as const]
    .filter(([n]) => n > 0)
    .map(([n, noun]) => `${n} ${noun}${n === 1 ? "" : "s"}`)
    .join(", ")
}

const rowOf = (problem: Problem): Row => ({
  text: `${problem.severity === "bad" ? "!" : "-"} ${problem.text}`,
  style: problem.severity === "bad" ? "bad" : "notice",
  item: {
    id: idOf(problem),
    opens: pageOf(problem),
    why: { kind: "problem", problem },
    next: problem.next
  }
})

/** The text of a problem changes with each look; the thing that it is about does not. */
const idOf = ({ code, evidence }: Problem): string =>
  `problem ${JSON.stringify([code, ...subjects.map((name) => evidence[name] ?? null)])}`

const subjects = ["queue", "name", "worker", "id", "table", "parent", "pid"] as const

const pageOf = (problem: Problem): Page => {
  switch (problem.code) {
    case "NoWorker":
    case "QueueLate":
    case "LaneBlocked":
    case "Paused": {
      const { queue } = problem.evidence
      if (typeof queue === "string") return { kind: "queue", queue }
      break
    }
    case "WorkerFrozen":
    case "WorkerDied":
    case "VersionSkew":
      return { kind: "workers" }
    case "HorizonPinned":
    case "Bloat":
    case "PartitionMissing":
      return { kind: "database" }
  }
  return {
    kind: "why",
    of: WhyRows.askedOf({ kind: "problem", problem }) ?? { kind: "problem", problem }
  }
}
