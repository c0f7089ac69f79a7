import { assert, describe, it } from "@effect/vitest"
import * as Lease from "../../src/domain/Lease.ts"

const lease = 15_000

describe("a lease", () => {
  it(
    "leaves room for a second try before the trust in it ends, and that ends before it does",
    () => {
      assert.isBelow(
        Lease.renewEvery(lease) + Lease.retryEvery(lease, true),
        Lease.trustedFor(lease)
      )
      assert.isBelow(Lease.trustedFor(lease), lease)
    }
  )

  // Each case has a state of the thread, the milliseconds since its last tick and since the last
  // renewal, and whether the watchdog must renew.
  it.each(
    [
      ["turns", 200, 6000, false],
      ["has just stopped turning", 2900, 5100, false],
      ["does not turn and has renewed not long ago", 4900, 4900, false],
      ["does not turn and has not renewed", 4000, 6000, true],
      ["does not turn for minutes while somebody stands in", 599_000, 6000, true],
      ["has hung for ten minutes", 600_000, 6000, false],
      ["was frozen for longer than it may trust its lease", 12_000, 12_000, false]
    ] as const
  )("whose thread %s needs a watchdog or not", (_, turned, renewed, expected) => {
    const now = 1_000_000

    const isNeeded = Lease.needsRenewal({
      lease,
      now,
      lastTickAt: now - turned,
      stalledFor: turned,
      hangLimit: 600_000,
      renewedAt: now - renewed
    })

    assert.strictEqual(isNeeded, expected)
  })

  it(
    "is renewed by a watchdog before the trust in it ends, whenever the thread stops turning",
    () => {
      for (let stoppedAfter = 0; stoppedAfter <= Lease.renewEvery(lease); stoppedAfter += 100) {
        const isNeeded = (now: number) =>
          Lease.needsRenewal({
            lease,
            now,
            lastTickAt: stoppedAfter,
            renewedAt: 0,
            stalledFor: now - stoppedAfter,
            hangLimit: Infinity
          })
        const looks = Array.from({ length: 20 }, (_, n) => n * Lease.watchEvery(lease))

        const first = looks.find(isNeeded)

        assert.isDefined(first)
        assert.isAtMost(first!, 0.7 * lease)
      }
    }
  )

  it(
    "counts how long a thread stands still, without the time that the one who looks was frozen",
    () => {
      const first: Lease.Observation = { at: 0, lastTickAt: 0, stalledFor: 0 }
      const stalledFor = (...looks: ReadonlyArray<readonly [at: number, lastTickAt: number]>) =>
        looks.reduce(
          (last, [at, lastTickAt]) => Lease.observe(last, { at, lastTickAt, lease }),
          first
        ).stalledFor

      assert.strictEqual(stalledFor([1000, 900], [2000, 900], [3000, 900]), 2000)
      assert.strictEqual(stalledFor([1000, 900], [2000, 900], [3000, 2900]), 0)
      assert.strictEqual(stalledFor([1000, 900], [900_000, 900]), 2000)
      // A thread without a first tick has not begun, so it does not count as stalled.
      assert.strictEqual(stalledFor([1000, 0], [2000, 0], [3000, 0]), 0)
    }
  )
})
