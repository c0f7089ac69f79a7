/**
 * Lists of jobs in PostgreSQL, while jobs end, and among secrets.
 *
 * Tests `src/layers/postgres/PgJobSearch.ts` and `src/layers/postgres/PgEndedJobs.ts`.
 */
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type { JobSearch } from "../../../src/domain/JobList.ts"
import { Settlement } from "../../../src/domain/Settlement.ts"
import * as PgWorkerRegistry from "../../../src/layers/postgres/PgWorkerRegistry.ts"
import { Insight } from "../../../src/services/Insight.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../../Given.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const jobs = (search: JobSearch) => Insight.use((insight) => insight.jobs(search))

const idsOf = (search: JobSearch) =>
  Effect.map(jobs(search), ({ items }) => items.map(({ id }) => id))

const layers = PgWorkerRegistry.layer({ schema: PgQueue.schema }).pipe(
  Layer.provideMerge(PgQueue.layer)
)

layer(layers, options)("a list of jobs in PostgreSQL", (it) => {
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

  it.effect("leaves out the jobs that have ended since it was asked for", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const worker = yield* workerOf(queue)
      const query = `queue:${queue}`
      const [early, late] = yield* enqueue(queue, {}, {})
      yield* settle(yield* claim({ queue, worker, limit: 1 }), Settlement.Completed())
      const first = yield* jobs({ query, limit: 1 })
      yield* settle(yield* claim({ queue, worker, limit: 1 }), Settlement.Completed())
      const rest = yield* idsOf({ query, after: first.next ?? "" })

      assert.deepStrictEqual(first.items.map(({ id }) => id), [String(late)])
      assert.deepStrictEqual(rest, [String(early)])
    }))

  it.effect("goes on behind windows without a job that fits", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      const [wanted] = yield* enqueue(queue, { name: "wanted" })
      yield* enqueue(queue, ...Array.from({ length: 50_001 }, () => ({})))
      const query = "name:wanted"
      let page = yield* jobs({ query })
      assert.deepStrictEqual([page.items, page.scanned.isComplete], [[], false])
      while (page.items.length === 0 && page.next !== null) {
        page = yield* jobs({ query, after: page.next })
      }

      assert.deepStrictEqual(page.items.map(({ id }) => id), [String(wanted)])
    }))
})
