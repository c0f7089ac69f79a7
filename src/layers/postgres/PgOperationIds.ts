/**
 * Names the jobs of an operation that is planned by a search.
 */
import { Effect } from "effect"
import { JobInvalid } from "../../domain/Errors.ts"
import { bounds, OperationRefused } from "../../domain/Operation.ts"
import { tooMany } from "../../domain/OperationInput.ts"
import type { Insight } from "../../services/Insight.ts"

/** The jobs that a search finds now, however many parts it takes to look. */
export const found = Effect.fnUntraced(function*(
  { jobs }: Pick<Insight["Service"], "jobs">,
  query: string
) {
  const ids = new Set<string>()
  let rows = 0
  let after: string | undefined
  for (let part = 0; part < partsMax; part++) {
    const { items, next, scanned } = yield* Effect.catchTag(
      jobs({ query, after, limit: 1000 }),
      "JobQueryInvalid",
      ({ message }) => Effect.fail(new JobInvalid({ issue: message }))
    )
    for (const { id } of items) ids.add(id)
    rows += scanned.rows
    if (ids.size > bounds.jobsMax) return yield* tooMany
    if (next === null) return Array.from(ids, BigInt)
    after = next
  }
  return yield* new OperationRefused({
    reason: "too-many",
    detail: `the search is not at its end after ${rows} jobs: name a state, a queue or a time`
  })
})

/** The parts of a search that stands for seconds, not minutes. */
const partsMax = 50
