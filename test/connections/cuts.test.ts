/**
 * Connections that end at any byte, on the way there or back: nothing is lost or doubled, whatever
 * was done of which no answer came.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BusyWorker from "./BusyWorker.ts"

/** From within the handshake to within the hundredth row of a claim. */
const lengths = Array.from({ length: 8 }, (_, n) => Math.round(20 * 2.1 ** n))

for (const direction of ["fromServer", "fromClient"] as const) {
  it.live(
    `connections that are cut after so many bytes ${direction}`,
    () =>
      Effect.gen(function*() {
        const { proxy, server, through } = yield* BusyWorker.proxied
        const working = yield* BusyWorker.start({ direct: server.url, through, jobs: 0 })

        for (const [round, length] of lengths.entries()) {
          const before = yield* proxy.limited
          yield* proxy.cutAfter({ [direction]: length })
          yield* proxy.cut
          // More than fits into all connections together.
          yield* working.add(600)
          yield* BusyWorker.eventually(
            Effect.map(proxy.limited, (now) => assert.isAbove(now, before))
          )
          yield* proxy.heal
          yield* proxy.cut
          yield* working.reach((round + 1) * 600)
        }

        yield* working.finish
      }).pipe(Effect.scoped),
    // Each has a server of its own and mostly waits: they go on side by side.
    { timeout: 120_000, concurrent: true }
  )
}
