import { assert, describe, it } from "@effect/vitest"
import * as Lanes from "../../src/domain/Lanes.ts"

describe("Lanes", () => {
  it("makes the first of each lane claimable, most urgent first", () => {
    const jobs = [job(1, "k"), job(2, "k", 5), job(3, undefined), job(4, "l", 9), job(5, "l", 9)]

    assert.deepStrictEqual(Lanes.claimable(jobs).map(({ id }) => id), [4n, 2n, 3n])
  })

  it.each(
    [
      ["leased", []],
      ["delayedHoldingLane", []],
      ["delayed", [2n]]
    ] as const
  )("of a lane with a job that is %s, makes claimable: %s", (laneState, ids) => {
    const jobs = [{ ...job(1, "k"), laneState }, job(2, "k"), job(3, "k")]

    assert.deepStrictEqual(Lanes.claimable(jobs).map(({ id }) => id), [...ids])
  })

  it("lets jobs without a key pass a lane that stands", () => {
    const jobs = [{ ...job(1, undefined), laneState: "leased" as const }, job(2, undefined)]

    assert.deepStrictEqual(Lanes.claimable(jobs).map(({ id }) => id), [2n])
  })

  it("finds the jobs that come next in a lane", () => {
    const jobs = [job(1, "k", 5), job(2, "k"), job(3, "l"), job(4, "k", 1), job(5, "k")]

    assert.deepStrictEqual(Lanes.behind(jobs, jobs[0]!, 2).map(({ id }) => id), [4n, 2n])
    assert.deepStrictEqual(Lanes.behind(jobs, job(9, undefined), 2), [])
    assert.deepStrictEqual(Lanes.behind(jobs, jobs[0]!, 0), [])
  })

  it.each(
    [
      ["open", true],
      ["leased", true],
      ["delayedHoldingLane", false],
      ["delayed", true]
    ] as const
  )("behind a job that is %s, says a job waits: %s", (laneState, isWaiting) => {
    assert.strictEqual(
      Lanes.hasUnstarted([{ ...job(1, "k"), laneState }, job(2, "k")]),
      isWaiting
    )
  })
})

const job = (id: number, key: string | undefined, priority = 0): Lanes.LaneJob => ({
  id: BigInt(id),
  key,
  priority,
  laneState: "open"
})
