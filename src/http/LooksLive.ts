/**
 * The endpoints that look at a whole schema. A look stands for a second, so that many clients cost
 * no more than one.
 */
import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as CancelInput from "../domain/CancelInput.ts"
import { JobInvalid } from "../domain/Errors.ts"
import { queueBytesMax } from "../domain/JobRecord.ts"
import * as Verdict from "../domain/Verdict.ts"
import { Insight } from "../services/Insight.ts"
import { Api } from "./Api.ts"
import type { Check } from "./Gate.ts"
import * as Live from "./Live.ts"
import type { Look } from "./LiveEvents.ts"
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
        .handle("lanes", ({ query }) => tagged(items(orProblem(insight.lanes(query.by)))))
        .handle("database", () => tagged(orProblem(database)))
        .handle("live", () => listen)
    })
  )

const withoutTime = ({ overview, verdict }: typeof Look.Type) => [verdict, { ...overview, at: "" }]

const queue = Effect.fnUntraced(function*(insight: Insight["Service"], name: string) {
  const issue = CancelInput.wordIssue("the queue's name", name, queueBytesMax)
  return yield* issue === undefined ? insight.queue(name) : new JobInvalid({ issue })
})

const items = <A, E, R>(found: Effect.Effect<ReadonlyArray<A>, E, R>) =>
  Effect.map(found, (items) => ({ items }))

const forASecond = Effect.cachedWithTTL("1 second")
