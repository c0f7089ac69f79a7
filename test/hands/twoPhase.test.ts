/**
 * Jobs that are added in a transaction of a two-phase commit.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { serverWith } from "../connections/BusyWorker.ts"
import * as Session from "../support/Session.ts"

it.live(
  "a transaction that has added jobs can be prepared when nothing notifies",
  () =>
    Effect.gen(function*() {
      const { url } = yield* serverWith({ max_prepared_transactions: "2" })
      const [a, b] = [yield* Session.openAt(url), yield* Session.openAt(url)]
      const queue = crypto.randomUUID()
      const worker = yield* a.worker(queue)
      yield* a.claim({ queue, worker })
      const prepare = Effect.gen(function*() {
        yield* a.begin
        const job = yield* a.insert({ queue })
        yield* a.sql`
        INSERT INTO pgq.jobs (queue, name, run_at) VALUES (${queue}, 'soon', now() + interval '1s')
      `
        const said = yield* Effect.match(a.sql.unsafe("PREPARE TRANSACTION 'pgq'").unprepared, {
          onFailure: ({ reason }) => String(reason.cause),
          onSuccess: () => "prepared"
        })
        return { job, said }
      })

      const notifying = yield* prepare
      yield* b.sql`UPDATE pgq.settings SET notify = false`
      const silent = yield* prepare
      const [traced] = yield* b.sql`SELECT pgq.has_unannounced(ARRAY[${queue}]) AS found`
      yield* a.sql.unsafe("COMMIT PREPARED 'pgq'").unprepared
      const claimed = yield* b.claim({ queue, worker })

      assert.match(notifying.said, /cannot PREPARE a transaction that has executed .*NOTIFY/)
      assert.deepStrictEqual([silent.said, traced], ["prepared", { found: true }])
      assert.deepStrictEqual(claimed.ids, [silent.job])
    }).pipe(Effect.scoped),
  60_000
)
