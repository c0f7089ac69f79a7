/**
 * Lists of jobs in PostgreSQL.
 *
 * Tests `src/layers/postgres/PgJobSearch.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import type { JobSearch } from "../../../src/domain/JobList.ts"
import { Insight } from "../../../src/services/Insight.ts"
import { enqueue, queueName } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const jobs = (search: JobSearch) => Insight.use((insight) => insight.jobs(search))

const idsOf = (search: JobSearch) =>
  Effect.map(jobs(search), ({ items }) => items.map(({ id }) => id))

layer(PgQueue.layer, options)("a list of jobs in PostgreSQL", (it) => {
  it.effect("finds none by the text of a payload with a secret", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [plain] = yield* enqueue(
        queue,
        { payload: "{\"about\":\"a password: x hunter2\"}" },
        { payload: "{\"a\":[{\"PassWord\":\"hunter2\"}]}" },
        { payload: "{\"x to\\u006ben\\\" \":\"hunter2\"}" }
      )

      assert.deepStrictEqual(yield* idsOf({ query: `queue:${queue} text:hunter2` }), [
        String(plain)
      ])
    }))
})
