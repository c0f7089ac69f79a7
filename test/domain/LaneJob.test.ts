import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as LaneJob from "../../src/domain/LaneJob.ts"
import { Settlement } from "../../src/domain/Settlement.ts"

const now = 1000
const fresh = LaneJob.added({ id: 1n, key: "k", priority: 0, dueAt: now }, now)
const running = LaneJob.leased({
  ...fresh,
  failures: 2,
  unhandledCount: 3,
  snoozeCount: 4,
  crashes: 1
})
const [delay, error] = [Duration.seconds(5), "no"]

describe("a job in its lane", () => {
  it("is open when it is due at once, else delayed", () => {
    assert.strictEqual(fresh.laneState, "open")
    assert.strictEqual(LaneJob.added({ ...fresh, dueAt: now + 1 }, now).laneState, "delayed")
  })

  it.each(
    [
      Settlement.Completed(),
      Settlement.Failed({ error, blocksLane: false }),
      Settlement.Cancelled({ error })
    ] as const
  )("is finished by $_tag", (settlement) => {
    assert.isUndefined(LaneJob.settled(running, settlement, now))
  })

  it.each(
    [
      [Settlement.Released(), { laneState: "open", crashes: 1 }],
      [Settlement.Retried({ delay, error, holdsLane: true }), {
        laneState: "delayedHoldingLane",
        failures: 3,
        snoozeCount: 0,
        dueAt: 6000
      }],
      [Settlement.Retried({ delay, error, holdsLane: false }), {
        laneState: "delayed",
        failures: 3,
        snoozeCount: 0,
        dueAt: 6000
      }],
      [Settlement.Snoozed({ delay, error, holdsLane: true }), {
        laneState: "delayedHoldingLane",
        snoozeCount: 5,
        dueAt: 6000
      }],
      [Settlement.Snoozed({ delay, error, holdsLane: false }), {
        laneState: "delayed",
        snoozeCount: 5,
        dueAt: 6000
      }],
      [Settlement.Unhandled({ delay, error }), {
        laneState: "delayedHoldingLane",
        unhandledCount: 4,
        dueAt: 6000
      }],
      [Settlement.Failed({ error, blocksLane: true }), {
        laneState: "delayedHoldingLane",
        failures: 3,
        snoozeCount: 0,
        dueAt: Infinity
      }]
    ] as const
  )("after %o is %o", (settlement, expected) => {
    assert.deepStrictEqual(
      LaneJob.settled(running, settlement, now),
      { ...running, crashes: 0, ...expected }
    )
  })

  it("is a suspect after a crash, and finished by the third", () => {
    const first = LaneJob.crashed(LaneJob.leased(fresh))!
    const second = LaneJob.crashed(LaneJob.leased(first))!

    assert.deepStrictEqual(first, { ...fresh, crashes: 1 })
    assert.deepStrictEqual([fresh, first].map(LaneJob.isSuspect), [false, true])
    assert.deepStrictEqual([first, second].map(LaneJob.isInLastRun), [false, true])
    assert.isUndefined(LaneJob.crashed(LaneJob.leased(second)))
  })
})
