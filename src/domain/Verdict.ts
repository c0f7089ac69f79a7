/**
 * The verdict on a schema: one sentence, and the problems in the order of their urgency.
 */
import { Schema } from "effect"
import * as Count from "./Count.ts"
import * as Limits from "./Limits.ts"
import type { Overview } from "./Overview.ts"
import { byRank, Problem, type Weighed } from "./Problem.ts"
import * as ProblemsOfDatabase from "./ProblemsOfDatabase.ts"
import * as ProblemsOfJobs from "./ProblemsOfJobs.ts"
import * as ProblemsOfQueues from "./ProblemsOfQueues.ts"
import * as ProblemsOfWorkers from "./ProblemsOfWorkers.ts"

/**
 * The verdict on a schema. `bad` if a problem needs somebody; `unknown` if none does, but not all
 * could be read; else `good`. A `notice` alone makes it no worse than `good`.
 *
 * @example
 * ```ts
 * import { Effect, Schema } from "effect"
 * import { Insight, Verdict } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const overview = yield* Insight.use((insight) => insight.overview())
 *   const json = Schema.encodeSync(Verdict.Verdict)(Verdict.of(overview))
 *   yield* Effect.logInfo(JSON.stringify(json))
 * })
 * ```
 */
export const Verdict = Schema.Struct({
  state: Schema.Literals(["good", "bad", "unknown"]),
  /** For people. It names the first problem. */
  sentence: Schema.String,
  /** The worst first. */
  problems: Schema.Array(Problem)
})

export interface Verdict extends Schema.Schema.Type<typeof Verdict> {}

/**
 * The verdict on a look, as `Insight` has it. By default a queue is late after a minute, and a
 * horizon is pinned after ten; `limits` are these and the others.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Insight, Verdict } from "pgq"
 *
 * export const program = Effect.gen(function*() {
 *   const overview = yield* Insight.use((insight) => insight.overview({ queues: ["email"] }))
 *   const { problems, sentence, state } = Verdict.of(overview)
 *   yield* Effect.logInfo(`${state}: ${sentence}`)
 *   for (const { next } of problems) yield* Effect.logInfo(next)
 * })
 * ```
 */
export const of = (overview: Overview, limits: Limits.Limits = Limits.defaults): Verdict => {
  const problems = [
    ...ProblemsOfQueues.of(overview, limits),
    ...ProblemsOfJobs.of(overview, limits),
    ...ProblemsOfDatabase.of(overview, limits),
    ...ProblemsOfWorkers.of(overview, limits)
  ].toSorted(byRank).map(withoutWeight)
  const isBad = problems.some(({ severity }) => severity === "bad")
  return {
    state: isBad ? "bad" : overview.unread.length > 0 ? "unknown" : "good",
    sentence: sentenceOf(overview, problems),
    problems
  }
}

const withoutWeight = ({ code, evidence, next, severity, text }: Weighed): Problem => ({
  code,
  severity,
  text,
  evidence,
  next
})

const sentenceOf = (overview: Overview, [first, ...others]: ReadonlyArray<Problem>): string => {
  const unread = overview.unread.length === 0
    ? ""
    : `; no answer in time, or no right to ask: ${overview.unread.join(", ")}`
  const more = others.length === 0 ? "" : `, and ${others.length} more`
  return `${first === undefined ? quiet(overview) : `${first.text}${more}`}${unread}`
}

const quiet = ({ queues, unread, workers }: Overview): string => {
  const live = workers.filter(({ isLive }) => isLive).length
  const running = Count.text(Count.sum(queues.flatMap((queue) => queue.running ?? [])))
  const well = unread.length === 0 ? "all is well" : "nothing wrong is seen"
  return `${well}: ${counted(queues.length, "queue")}, ${counted(live, "worker")}, ` +
    `${running} running`
}

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`
