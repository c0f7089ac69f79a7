/**
 * PersistedQueue, the queue that comes with Effect, on its SQL store. It adds jobs one by one, so a
 * thousand of them are as many statements.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Exit, Layer, Scope } from "effect"
import { byThousands, type Contender, type NewJob, peerWorker } from "../Contender.ts"
import * as PersistedWork from "../PersistedWork.ts"

export const persistedQueue: Contender = {
  name: "PersistedQueue",
  packages: ["effect", "@effect/sql-pg"],
  settings:
    "300 fibers that take (24 for slow jobs), pool of 25, pollInterval 10 ms, maxAttempts 25; " +
    "adds jobs one by one, here 1,000 in a transaction; delays by whole seconds; no keys, no " +
    "priorities; finished jobs go by their age alone, so kept or not is one thing",
  role: "peer",
  hasLanes: false,
  hasBulk: false,
  isAtDefaults: false,
  worker: (place, load) => peerWorker("persistedQueue", { ...place, load, isTuned: true }),
  open: async ({ url }) => {
    const scope = Effect.runSync(Scope.make())
    const context = await Effect.runPromise(
      Layer.build(PersistedWork.layer({ url, maxConnections: 20 })).pipe(Scope.provide(scope))
    )
    const run = Effect.runPromiseWith(context)
    const queue = await run(PersistedWork.queue)
    const offer = ({ payload, runAt }: NewJob) =>
      queue.offer(payload, runAt && { delay: runAt.getTime() - Date.now() })
    return {
      bulk: (count, jobOf) =>
        byThousands(count, jobOf, (jobs) =>
          run(Effect.flatMap(
            PgClient.PgClient,
            (sql) => sql.withTransaction(Effect.forEach(jobs, offer, { discard: true }))
          ))),
      one: (payload) => run(queue.offer(payload)),
      close: () => Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}
