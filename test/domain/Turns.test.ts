import { assert, describe, it } from "@effect/vitest"
import * as Turns from "../../src/domain/Turns.ts"

/**
 * How many jobs each queue gave in 600 claims. Each claim takes shares of the queues as the store
 * does.
 */
const shares = (queueCount: number, busy: ReadonlyArray<number>, limit: number) => {
  const queues = Array.from({ length: queueCount }, (_, n) => `q${n}`)
  const given = new Map<string, number>()
  let turn = 0
  for (let claim = 0; claim < 600; claim++) {
    const inTurn = [...queues.slice(turn), ...queues.slice(0, turn)]
    const open = inTurn.filter((queue) => busy.includes(queues.indexOf(queue)))
    let wanted = limit
    const jobs = open.flatMap((queue, at) => {
      const share = Math.ceil(wanted / (open.length - at))
      wanted -= share
      return Array.from({ length: share }, () => ({ queue }))
    })
    for (const { queue } of jobs) given.set(queue, (given.get(queue) ?? 0) + 1)
    turn = (turn + Turns.next(inTurn, jobs)) % queueCount
  }
  return Array.from(given.values())
}

describe("the turns of queues", () => {
  for (const limit of [1, 2, 3, 5, 7, 1000]) {
    it.each([[[0, 1]], [[0, 19]], [[3, 4, 5]], [[0, 7, 8, 19]]])(
      `are even between %j, ${limit} jobs a claim`,
      (busy) => {
        const given = shares(20, busy, limit)
        assert.lengthOf(given, busy.length)
        assert.isAtMost(Math.max(...given) / Math.min(...given), 1.01)
      }
    )
  }

  it("take one job of each queue after the other", () => {
    const jobs = ["a", "a", "b", "c", "b"].map((queue, id) => ({ queue, id }))
    assert.deepStrictEqual(Turns.interleaved(jobs).map(({ id }) => id), [0, 2, 3, 1, 4])
  })

  it("move past all queues that a claim has looked at in vain", () => {
    assert.strictEqual(Turns.next(["a", "b"], []), Turns.queuesMax)
  })
})
