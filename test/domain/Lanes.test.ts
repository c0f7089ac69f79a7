import { assert, describe, it } from "@effect/vitest"
import * as LaneJob from "../../src/domain/LaneJob.ts"
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

  it.each(["leased", "delayed", "delayedHoldingLane"] as const)(
    "lets no job that is %s come next in a lane",
    (laneState) => {
      const jobs = [job(1, "k"), { ...job(2, "k"), laneState }, job(3, "k")]

      assert.deepStrictEqual(Lanes.behind(jobs, jobs[0]!, 9).map(({ id }) => id), [3n])
    }
  )

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

  it("claims the first of each lane up to the limit, and brings more of their lanes", () => {
    const jobs = [job(1, "k"), job(2, "k"), job(3, "k", -1), job(4, "l", -2), job(5, undefined)]

    const claimed = Lanes.claim(jobs, [], { limit: 2, slots: 0, perLaneMax: 1 })

    assert.deepStrictEqual(idsOf(claimed), { healthy: [1n, 2n, 5n], suspects: [], heads: 2 })
  })

  it("claims as many suspects as there are slots, apart from healthy jobs", () => {
    const jobs = [suspect(1, 1), suspect(2, 1), suspect(3, 1), job(4, undefined, -1)]

    const claimed = Lanes.claim(jobs, [], { limit: 9, slots: 2, perLaneMax: 0 })

    assert.deepStrictEqual(idsOf(claimed), { healthy: [4n], suspects: [1n, 2n], heads: 3 })
  })

  it.each(
    [
      ["alone when it is the first", [suspect(1, 2), suspect(2, 1)], [], [1n]],
      ["not behind others", [suspect(1, 1), suspect(2, 2), suspect(3, 1)], [], [1n]],
      ["not beside a suspect that runs", [suspect(1, 2), suspect(2, 1)], [suspect(9, 1)], []],
      ["and no other beside it", [suspect(1, 1)], [suspect(9, 2)], []],
      ["beside healthy jobs that run", [suspect(1, 2)], [job(9, undefined)], [1n]]
    ] as const
  )("claims a suspect in its last run %s", (_, jobs, running, ids) => {
    const claimed = Lanes.claim(jobs, running, { limit: 9, slots: 9, perLaneMax: 0 })

    assert.deepStrictEqual(idsOf(claimed).suspects, [...ids])
  })

  it("ends the run of a lane before its first suspect", () => {
    const jobs = [job(1, "k"), job(2, "k"), { ...suspect(3, 1), key: "k" }, job(4, "k")]

    const claimed = Lanes.claim(jobs, [], { limit: 1, slots: 1, perLaneMax: 9 })

    assert.deepStrictEqual(idsOf(claimed), { healthy: [1n, 2n], suspects: [], heads: 1 })
  })
})

const idsOf = ({ heads, healthy, suspects }: Lanes.Claimed<LaneJob.LaneJob>) => ({
  healthy: healthy.map(({ id }) => id),
  suspects: suspects.map(({ id }) => id),
  heads
})

const job = (id: number, key: string | undefined, priority = 0): LaneJob.LaneJob =>
  LaneJob.added({ id: BigInt(id), key, priority, dueAt: 0 }, 0)

const suspect = (id: number, crashes: number) => ({ ...job(id, undefined), crashes })
