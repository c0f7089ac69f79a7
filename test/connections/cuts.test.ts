/**
 * Connections that end at any byte, in either direction. No job is lost or doubled, even if a step
 * was done and its answer was lost.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BusyWorker from "./BusyWorker.ts"

/** Bytes: from within the handshake to within the hundredth row of a claim. */
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
          // These are more jobs than fit into all connections together.
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
    // Each test has a server of its own and mostly waits, so the tests run side by side.
    { timeout: 120_000, concurrent: true }
  )
}
