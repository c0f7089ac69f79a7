/**
 * PersistedQueue, taken from by many fibers at once, as Effect's own DurableQueue does it. Its
 * store claims no more jobs at a time than fibers wait for one, so short jobs want more of them. An
 * offer wakes the takers of its own process alone, so these look for jobs often.
 */
import * as Effect from "effect/Effect"
import type { PeerOptions } from "../Contender.ts"
import { handle } from "../Handler.ts"
import * as PersistedWork from "../PersistedWork.ts"

export const work = ({ load, url }: PeerOptions) => {
  const concurrency = load === "slow" ? 24 : 300
  const taking = Effect.gen(function*() {
    const queue = yield* PersistedWork.queue
    const taker = queue.take((payload) => Effect.tryPromise(async () => handle(payload))).pipe(
      Effect.ignoreCause,
      Effect.forever
    )
    return yield* Effect.replicateEffect(taker, concurrency, { concurrency, discard: true })
  })
  const layer = PersistedWork.layer({ url, maxConnections: 25, pollInterval: "10 millis" })
  return Effect.runPromise(Effect.provide(taking, layer))
}
