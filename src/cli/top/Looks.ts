/**
 * The reads behind a frame: the figures of all pages, and those of one page.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import * as Verdict from "../../domain/Verdict.ts"
import * as Why from "../../domain/Why.ts"
import * as BoundedReads from "../../layers/postgres/BoundedReads.ts"
import { Insight } from "../../services/Insight.ts"
import { JobControl } from "../../services/JobControl.ts"
import type { Page, Subject } from "./Page.ts"
import type { Detail } from "./TopState.ts"
import * as WhyRows from "./WhyRows.ts"

export const overview = Effect.map(
  Insight.use((insight) => insight.overview()),
  (overview) => ({ overview, verdict: Verdict.of(overview) })
)

/** `undefined` for a page that the overview is enough for. */
export const detail = Effect.fnUntraced(function*(page: Page) {
  switch (page.kind) {
    case "lanes":
    case "queue":
      return { page, lanes: yield* lanes } satisfies Detail
    case "why": {
      const of = WhyRows.askedOf(page.of)
      return of === undefined ? undefined : { page, why: yield* why(of) } satisfies Detail
    }
    default:
      return undefined
  }
})

const lanes = Effect.gen(function*() {
  const insight = yield* Insight
  return {
    blocked: yield* insight.lanes("blocked"),
    retrying: yield* insight.lanes("retrying")
  }
})

const why = Effect.fnUntraced(function*(of: Exclude<Subject, { readonly kind: "problem" }>) {
  const sql = yield* PgClient.PgClient
  const control = yield* JobControl
  const reasons = of.kind === "job" ? control.why(of.id) : control.whyQueue(of.queue)
  return Why.of(yield* BoundedReads.within(sql, "why", reasons))
})

/** The longest time between two looks that a slow database causes, in milliseconds. */
const delayMax = 60_000

/** A session looks for no more than a twentieth of the time. All spans are in milliseconds. */
export const delay = (interval: number, cost: number): number =>
  Math.max(interval, Math.min(cost * 20, delayMax))

/** The server may refuse at once, and a look that gets no answer has been long enough. */
export const delayAfterFailure = (interval: number): number => Math.max(interval, 1000)
