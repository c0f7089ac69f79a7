/**
 * The endpoints that look at a whole schema. A look stands for a second, so that many clients cost
 * no more than one.
 */
import { Cache, Effect, Exit } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CancelInput from "../domain/CancelInput.ts"
import { JobInvalid, type StoreError } from "../domain/Errors.ts"
import { queueBytesMax } from "../domain/JobRecord.ts"
import type { LongestLanes } from "../domain/LaneView.ts"
import * as Verdict from "../domain/Verdict.ts"
import { Insight, type LaneKind } from "../services/Insight.ts"
import { Api } from "./Api.ts"
import type { Check } from "./Gate.ts"
import * as Live from "./Live.ts"
import type { Look } from "./LiveEvents.ts"
import type { Lanes } from "./LooksApi.ts"
import { orProblem } from "./Problems.ts"
import { tagged } from "./Tags.ts"

/** `check` is asked anew for those who listen. */
export const layer = (check: Check) =>
  HttpApiBuilder.group(
    Api,
    "looks",
    Effect.fnUntraced(function*(handlers) {
      const insight = yield* Insight
      const overview = yield* forASecond(insight.overview())
      const database = yield* forASecond(insight.database)
      const failures = yield* failuresOf(insight)
      const lanes = yield* lanesOf(insight)
      const look = Effect.map(
        orProblem(overview),
        (overview) => ({ verdict: Verdict.of(overview), overview })
      )
      const { listen } = yield* Live.make(look, check)
      return handlers
        .handle("overview", () => tagged(look, withoutTime))
        .handle(
          "queues",
          () => tagged(Effect.map(orProblem(overview), ({ queues }) => ({ items: queues })))
        )
        .handle("queue", ({ query }) => tagged(orProblem(queue(insight, query.queue))))
        .handle("workers", () => tagged(items(orProblem(insight.workers))))
        .handle("lanes", ({ query }) => tagged(orProblem(lanes(query.by))))
        .handle("lane", ({ query }) => tagged(orProblem(insight.lane(query))))
        .handle("database", () => tagged(orProblem(database)))
        .handle("failures", ({ query }) => tagged(orProblem(failures(query))))
        .handle("live", () => listen)
    })
  )

const withoutTime = ({ overview, verdict }: typeof Look.Type) => [verdict, { ...overview, at: "" }]

const queue = Effect.fnUntraced(function*(insight: Insight["Service"], name: string) {
  const issue = CancelInput.wordIssue("the queue's name", name, queueBytesMax)
  return yield* issue === undefined ? insight.queue(name) : new JobInvalid({ issue })
})

/** A look at the longest lanes reads a sample of the jobs, so it stands for ten seconds. */
const lanesOf = Effect.fnUntraced(function*(insight: Insight["Service"]) {
  const longest = yield* Effect.cachedWithTTL(insight.longestLanes, "10 seconds")
  return (by: LaneKind | "longest"): Effect.Effect<typeof Lanes.Type | LongestLanes, StoreError> =>
    by === "longest" ? longest : items(insight.lanes(by))
})

/** A look at failures may read 50,000 rows, so it stands for ten seconds. */
const failuresOf = Effect.fnUntraced(function*(insight: Insight["Service"]) {
  const cache = yield* Cache.makeWith(
    ({ queue, since }: FailuresAsked) =>
      insight.failures({ queue, since: since === undefined ? undefined : new Date(since) }),
    {
      capacity: 100,
      timeToLive: (exit) => Exit.isSuccess(exit) ? "10 seconds" : 0
    }
  )
  return Effect.fnUntraced(function*({ queue, since }: FailuresAsked) {
    const issue = queue === undefined
      ? undefined
      : CancelInput.wordIssue("the queue's name", queue, queueBytesMax)
    return yield* issue === undefined
      ? Cache.get(cache, { queue, since })
      : new JobInvalid({ issue })
  })
})

interface FailuresAsked {
  readonly queue?: string | undefined
  readonly since?: string | undefined
}

const items = <A, E, R>(found: Effect.Effect<ReadonlyArray<A>, E, R>) =>
  Effect.map(found, (items) => ({ items }))

const forASecond = Effect.cachedWithTTL("1 second")
