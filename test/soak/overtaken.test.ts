/**
 * A claim looks at some of the markers only, and still passes over no job of a lane.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const queue = "overtaken"
/** More markers than one claim looks at. */
const markers = 250

layer(PgQueue.database, { excludeTestServices: true, timeout: "60 seconds" })("a claim", (it) => {
  it.effect("leaves a job whose lane has a more urgent one behind many markers", () =>
    Effect.scoped(Effect.gen(function*() {
      const session = yield* Session.open
      const worker = yield* session.worker(queue)
      const others = session.sql`
        INSERT INTO pgq.jobs (queue, name, serialization_key, priority)
        SELECT ${queue}, 'test', 'other ' || n, 5 FROM generate_series(1, ${markers}) AS n
      `
      // These lanes are looked at first and have nothing to claim, because their heads are in
      // retry.
      yield* others
      yield* session.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 1000)`
      yield* session.asStep(`UPDATE pgq.jobs SET state = 'retry', run_at = now() + interval '1 hour'
                             WHERE queue = '${queue}'`)
      const overtaken = yield* session.insert({ queue, key: "key", priority: 1 })
      yield* session.sql`SELECT FROM pgq.admit(ARRAY[${queue}], 1000)`

      yield* others
      const urgent = yield* session.insert({ queue, key: "key", priority: 2 })
      const claims = yield* Effect.forEach(
        [1, 2, 3],
        () => session.claim({ queue, worker, limit: 1 })
      )

      const claimed = claims.flatMap(({ ids }) => ids)
      assert.include(claimed, urgent)
      assert.notInclude(claimed, overtaken)
    })))
})
