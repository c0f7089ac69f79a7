import { assert, describe, it } from "@effect/vitest"
import * as Idle from "../../src/domain/Idle.ts"

const worker = (known: Partial<Idle.Idle>): Idle.Idle => ({ ...Idle.initial, ...known })

const claimed = (idle: Idle.Idle, isEmpty: boolean) =>
  Idle.afterClaim(idle, { isEmpty, isBusy: Idle.isBusy(idle) })
const foundNothing = (idle: Idle.Idle) => claimed(idle, true)
const foundJobs = (idle: Idle.Idle) => claimed(idle, false)
const timedOut = (idle: Idle.Idle) => Idle.afterPause(idle, { isWoken: false, hasHeard: false })
const changed = (idle: Idle.Idle) => Idle.afterPause(idle, { isWoken: true, hasHeard: false })
const woken = (idle: Idle.Idle) => Idle.afterPause(idle, { isWoken: true, hasHeard: true })

/** The upper limits of `count` pauses in a row, with an empty claim after each and no wake-up. */
const pausesOf = (first: Idle.Idle, count: number, longest = Infinity): ReadonlyArray<number> => {
  let idle = first
  return Array.from({ length: count }, () => {
    const millis = Idle.pauseMax(idle, longest)
    idle = foundNothing(timedOut(idle))
    return millis
  })
}

const watchful = worker({ sleep: "asleep", hasUnannounced: true })

describe("a worker", () => {
  it("begins awake, and knows of no producer", () => {
    assert.deepStrictEqual(Idle.initial, {
      sleep: "awake",
      hasUnannounced: false,
      hasHeard: false,
      fullRounds: 0,
      emptyRounds: 0,
      shortPauses: 0,
      hasPassedBy: false,
      isThorough: false
    })
  })

  it("falls asleep by a claim that finds nothing, and only once", () => {
    const falling = foundNothing(Idle.initial)
    assert.deepStrictEqual(falling, worker({ sleep: "falling asleep" }))
    assert.deepStrictEqual(foundNothing(falling), falling)

    const asleep = Idle.asleep(falling)
    assert.deepStrictEqual(asleep, worker({ sleep: "asleep" }))
    assert.deepStrictEqual(foundNothing(asleep), asleep)
  })

  it.each(["falling asleep", "asleep"] as const)(
    "that is %s stays so until ten claims in a row have found jobs, and needs no wake-ups then",
    (sleep) => {
      let idle = worker({ sleep, emptyRounds: 3 })
      for (let round = 1; round <= 10; round++) {
        assert.isFalse(Idle.isBusy(idle))
        idle = foundJobs(idle)
        assert.deepStrictEqual(idle, worker({ sleep, fullRounds: round }))
      }
      assert.isTrue(Idle.isBusy(idle))
      assert.deepStrictEqual(foundJobs(idle), worker({ sleep: "awake", fullRounds: 11 }))
    }
  )

  it("that found jobs and then none, or paused, begins to count anew", () => {
    const idle = worker({ sleep: "asleep", fullRounds: 9 })
    assert.deepStrictEqual(foundNothing(idle), worker({ sleep: "asleep" }))
    assert.deepStrictEqual(timedOut(idle), worker({ sleep: "asleep", emptyRounds: 1 }))
    const awake = worker({ sleep: "awake", fullRounds: 12 })
    assert.deepStrictEqual(foundNothing(awake), worker({ sleep: "falling asleep" }))
  })

  it("hears of all new jobs while it sleeps, wake-ups come, and no producer missed its sleep", () => {
    const asleep = worker({ sleep: "asleep" })
    assert.isFalse(Idle.hearsOfAll(asleep))
    assert.isTrue(Idle.hearsOfAll(foundJobs(woken(asleep))))
    assert.isFalse(Idle.hearsOfAll(timedOut(woken(asleep))))
    assert.isFalse(Idle.hearsOfAll(changed(woken(asleep))))
    assert.isFalse(Idle.hearsOfAll(woken(watchful)))
    assert.isFalse(Idle.hearsOfAll(Idle.distrusted(woken(asleep))))
    assert.isFalse(Idle.hearsOfAll({ ...woken(asleep), sleep: "falling asleep" }))
  })

  it("that is awake needs no wake-ups", () => {
    assert.isTrue(Idle.isBusy(Idle.initial))
  })

  it("that finds jobs still knows of producers who could not know of its sleep", () => {
    const idle = worker({ sleep: "asleep", hasUnannounced: true, shortPauses: 3 })
    assert.deepStrictEqual(foundJobs(idle), { ...idle, fullRounds: 1 })
  })

  it("learns of such producers, and that there are none any more", () => {
    const asleep = worker({ sleep: "asleep", emptyRounds: 2, shortPauses: 3 })
    const told = Idle.afterLook(asleep, true)
    assert.deepStrictEqual(told, { ...asleep, hasUnannounced: true })
    assert.deepStrictEqual(Idle.afterLook(told, false), asleep)
  })

  it("is watchful while there are such producers, until a failure slows it down", () => {
    assert.isFalse(Idle.isWatchful(Idle.initial))
    assert.isTrue(Idle.isWatchful(watchful))
    assert.isFalse(Idle.isWatchful(Idle.afterFailure(watchful)))
    assert.isTrue(Idle.isWatchful(woken(Idle.afterFailure(watchful))))
  })

  it("counts the pauses that nothing has ended before they were over", () => {
    const once = timedOut(worker({ sleep: "asleep" }))
    assert.deepStrictEqual(once, worker({ sleep: "asleep", emptyRounds: 1 }))
    assert.deepStrictEqual(timedOut(once), worker({ sleep: "asleep", emptyRounds: 2 }))
  })

  it("looks everywhere when nothing has ended the pause after a claim that passed jobs by", () => {
    const passing = Idle.afterClaim(worker({ sleep: "asleep" }), {
      isEmpty: true,
      isBusy: false,
      hasPassedBy: true
    })
    assert.isFalse(passing.isThorough)
    assert.strictEqual(Idle.pauseMax(passing, Infinity), 80)
    assert.isFalse(woken(passing).isThorough)
    assert.isTrue(timedOut(passing).isThorough)
    assert.isFalse(foundNothing(timedOut(passing)).isThorough)
    assert.strictEqual(Idle.pauseMax(foundNothing(timedOut(passing)), Infinity), 400)
  })

  it("begins with the shortest pause again when it is woken, and stays asleep", () => {
    const idle = worker({ sleep: "asleep", emptyRounds: 4 })
    assert.deepStrictEqual(woken(idle), worker({ sleep: "asleep", hasHeard: true }))
  })

  it.each([true, false])("counts short pauses, whether it is woken (%s) or not", (isWoken) => {
    const pause = { isWoken, hasHeard: isWoken }
    const once = Idle.afterPause(watchful, pause)
    assert.deepStrictEqual(once, { ...watchful, hasHeard: isWoken, shortPauses: 1 })
    const twice = Idle.afterPause(once, pause)
    assert.deepStrictEqual(twice, { ...watchful, hasHeard: isWoken, shortPauses: 2 })
  })

  it("forgets the short pauses when it has paused for long again", () => {
    const without = worker({ sleep: "asleep", shortPauses: 3 })
    assert.strictEqual(timedOut(without).shortPauses, 0)
    assert.strictEqual(woken(without).shortPauses, 0)
    assert.strictEqual(woken({ ...without, hasUnannounced: true, emptyRounds: 1 }).shortPauses, 0)
  })

  it.each(["awake", "falling asleep", "asleep"] as const)(
    "that is %s falls asleep anew after a claim without an answer, or when it joins again",
    (sleep) => {
      const idle = worker({ sleep, hasUnannounced: true, emptyRounds: 2, shortPauses: 3 })
      assert.deepStrictEqual(Idle.distrusted(idle), { ...idle, sleep: "awake" })
      assert.strictEqual(foundNothing(Idle.distrusted(idle)).sleep, "falling asleep")
    }
  )

  it("counts a failure as an empty round, unless there were some", () => {
    assert.deepStrictEqual(Idle.afterFailure(watchful), { ...watchful, emptyRounds: 1 })
    const slow = worker({ sleep: "asleep", emptyRounds: 4 })
    assert.deepStrictEqual(Idle.afterFailure(slow), slow)
  })
})

describe("the pauses of a worker", () => {
  it("double while it finds nothing, up to 6.4 seconds", () => {
    assert.deepStrictEqual(pausesOf(worker({ sleep: "asleep" }), 8), [
      200,
      400,
      800,
      1600,
      3200,
      6400,
      6400,
      6400
    ])
  })

  it("begin with the second after a failure", () => {
    assert.strictEqual(Idle.pauseMax(Idle.afterFailure(Idle.initial), Infinity), 400)
    assert.strictEqual(Idle.pauseMax(Idle.afterFailure(watchful), Infinity), 400)
  })

  it("grow by a tenth while it is watchful, up to a second", () => {
    const pauses = pausesOf(watchful, 60)
    assert.approximately(pauses[0]!, 27.5, 0.001)
    pauses.slice(1).forEach((pause, at) => {
      assert.approximately(pause, Math.min(pauses[at]! * 1.1, 1000), 0.001)
    })
    assert.strictEqual(pauses.at(-1), 1000)
  })

  it.each([10, 200, 5000])("never last longer than %d ms where that is the longest", (longest) => {
    for (const first of [Idle.initial, watchful]) {
      const pauses = pausesOf(first, 60, longest)
      assert.isAtMost(Math.max(...pauses), longest)
      assert.isAbove(Math.min(...pauses), 0)
      assert.strictEqual(pauses.at(-1), Math.min(longest, first === watchful ? 1000 : 5000))
    }
  })
})
