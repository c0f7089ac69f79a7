/**
 * The soak's checks of leases and ends find what is wrong, and nothing in cases that are just
 * right.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Evidence } from "./Database.ts"
import * as Ends from "./Ends.ts"
import * as Jobs from "./Jobs.ts"
import type * as Ledger from "./Ledger.ts"
import { added, ended, found, moved, nothing, ran } from "./MadeUp.ts"

const unkeyed = { key: null }
const bothEnded = [ended(1, 200), ended(2, 100)]

/**
 * The violations except `not run`. Both jobs complete in time, unless `finished` says otherwise.
 */
const order = (
  entries: ReadonlyArray<Ledger.Entry>,
  history: Evidence["history"],
  finished: Evidence["finished"] = bothEnded
) => found([...entries, ...ends], { history, finished }).filter((check) => check !== "not run")

const ends = [ran("start", 1, 190), ran("end", 1, 195)]

describe("leases", () => {
  it("hold no job twice", () => {
    const left = [{ id: 1, n: 1, state: "ready" }]
    const first = moved(true, 30, "a", 1)
    assert.deepStrictEqual(
      found(added(1, 10), { history: [first, moved(true, 40, "b", 1)], left }),
      ["claimed twice", "two leases of a lane"]
    )
    const history = [first, moved(false, 35, "a", 1), moved(true, 40, "b", 1)]
    assert.deepStrictEqual(found(added(1, 10), { history, left }), [])
  })

  it("hold no two jobs of a lane apart", () => {
    const entries = [...added(1, 10), ...added(2, 20)]
    const apart = [moved(true, 90, "a", 1), moved(true, 95, "b", 2)]
    assert.include(order(entries, apart), "two leases of a lane")
    assert.deepStrictEqual(order(entries, [moved(true, 90, "a", 1, 2)]), [])
    const keyless = [...added(1, 10, unkeyed), ...added(2, 20, unkeyed)]
    assert.deepStrictEqual(order(keyless, apart), [])
  })
})

describe("the order of a lane", () => {
  const entries = [...added(1, 10, { priority: 5 }), ...added(2, 20)]

  it("is broken by a claim that overtakes", () => {
    assert.deepStrictEqual(order(entries, [moved(true, 90, "a", 2)]), ["order"])
  })

  it("is kept by a claim that takes both, or comes later, or began too early to know", () => {
    assert.deepStrictEqual(order(entries, [moved(true, 90, "a", 2, 1)]), [])
    assert.deepStrictEqual(order(entries, [moved(true, 30, "a", 2)]), [])
    assert.deepStrictEqual(
      order(entries, [moved(true, 201, "a", 2)], [ended(1, 200), ended(2, 300)]),
      []
    )
  })

  it("does not bind a job that was queued again, which had ended meanwhile", () => {
    const evidence = {
      history: [moved(true, 90, "a", 2)],
      finished: [ended(1, 200), ended(2, 300)]
    }
    assert.include(found(entries, evidence), "order")
    assert.notInclude(found(entries, { ...evidence, redriven: [1] }), "order")
  })

  it("binds a job of later, or of an unknown commit, once it was claimed", () => {
    const later = [...added(1, 10, { priority: 5, isLater: true }), ...added(2, 20)]
    const lost = entries.filter((entry) => entry.what !== "ack" || entry.tx !== "tx1")
    const overtaken = [
      moved(true, 50, "a", 1),
      moved(false, 60, "a", 1),
      moved(true, 90, "b", 2)
    ]
    for (const one of [later, lost]) {
      assert.deepStrictEqual(order(one, overtaken.slice(2)), [])
      assert.deepStrictEqual(order(one, overtaken), ["order"])
    }
  })

  it("is broken by ids that do not follow the order of arrival", () => {
    const reversed = [...added(2, 10), ...added(1, 20)]
    assert.deepStrictEqual(order(reversed, []), ["order"])
    assert.deepStrictEqual(order([...added(2, 10), ...added(1, 11)], []), [])
    assert.deepStrictEqual(order([...added(2, 10, { priority: 1 }), ...added(1, 20)], []), [])
  })
})

/** Job 2 is claimed, then job 1. */
const inMode = (mode: string | null, at = 90) => [
  { ...moved(true, at, "a", 2), mode },
  { ...moved(true, at + 5, "b", 1), mode }
]

/** Claims at these times pass over job 1. */
const repeated = (...times: ReadonlyArray<number>) => [
  ...times.map((at, index) => ({
    ...moved(true, at, `lease ${index}`, index + 2),
    mode: "row-lock"
  })),
  { ...moved(true, 9000, "last", 1), mode: "row-lock" }
]

describe("the order of a queue", () => {
  const entries = [...added(1, 10, { key: null, priority: 5 }), ...added(2, 20, unkeyed)]

  it("is broken by who claims alone and passes a job over", () => {
    assert.deepStrictEqual(order(entries, inMode("advisory 42")), ["order"])
    assert.deepStrictEqual(order(entries, inMode("solo")), ["order"])
    assert.deepStrictEqual(order(entries, inMode("row-lock")), [])
    assert.deepStrictEqual(order(entries, inMode("advisory 42", 30)), [])
  })

  it("is not that of another queue", () => {
    const apart = [
      ...added(1, 10, { ...unkeyed, queue: "aside", priority: 5 }),
      ...added(2, 20, unkeyed)
    ]
    assert.deepStrictEqual(order(apart, inMode("advisory 42")), [])
  })

  it("is broken by who passes a job over again, after whoever held it must be gone", () => {
    const others = [2, 3, 4, 5, 6, 7, 8]
    const all = [...entries, ...others.slice(1).flatMap((n) => added(n, 30, unkeyed))]
    const finished = [ended(1, 9001), ...others.map((n) => ended(n, 9000))]
    const passed = (...times: ReadonlyArray<number>) => order(all, repeated(...times), finished)
    assert.deepStrictEqual(passed(90, 1091, 2092, 3093, 4094, 5092), ["order"])
    assert.deepStrictEqual(passed(90, 1091, 2092, 3093, 4094, 5091), [])
    assert.deepStrictEqual(passed(90, 1092, 2092, 3093, 4094, 5092), [])
    assert.deepStrictEqual(passed(90, 8000), [])
  })
})

/**
 * The violations in the end of job 1, which has failed once and was then claimed under lease `a`.
 */
const check = (more: object, does = "value", evidence: Partial<Evidence> = {}) => {
  const entries = [...added(1, 10, { does }), ran("start", 1, 50), ran("fail", 1, 60)]
  const finished = [{ ...ended(1, 200), ...more }]
  const history = [moved(true, 90, "a", 1)]
  const all = { ...nothing, finished, history, ...evidence }
  return Ends.check(Jobs.read(entries), entries, all).map(({ check }) => check)
}

describe("an end", () => {
  it("is settled under the lease that was handed out last", () => {
    assert.deepStrictEqual(check({}), [])
    assert.deepStrictEqual(check({ lease: "b" }), ["wrong lease"])
    assert.deepStrictEqual(check({}, "value", { history: [] }), ["wrong lease"])
    const history = [moved(true, 90, "a", 1), moved(false, 91, "a", 1), moved(true, 95, "b", 1)]
    assert.deepStrictEqual(check({}, "value", { history }), ["wrong lease"])
  })

  it("counts the failures that there were, and no more", () => {
    assert.deepStrictEqual(check({ attempt: 2 }), [])
    assert.deepStrictEqual(check({ attempt: 3 }), ["attempts"])
    assert.deepStrictEqual(check({ attempt: 1 }, "flaky"), ["attempts"])
    assert.deepStrictEqual(check({ attempt: 1, outcome: "failed" }, "doomed"), [])
    assert.deepStrictEqual(check({ attempt: 2, outcome: "failed" }, "doomed"), ["attempts"])
  })

  it("is a crash after three leases only", () => {
    const crashed = { attempt: 0, outcome: "crashed", lease: "c" }
    const history = ["a", "b", "c"].map((lease, at) => moved(true, at, lease, 1))
    assert.deepStrictEqual(check(crashed, "value", { history }), [])
    assert.deepStrictEqual(check(crashed, "value", { history: history.slice(1) }), ["wrong end"])
  })

  it("of a job that writes comes with what it wrote", () => {
    assert.deepStrictEqual(check({}, "effect"), ["no effect"])
    assert.deepStrictEqual(check({}, "effect", { effects: [1] }), [])
  })

  it("of a job that nobody added is noticed", () => {
    assert.deepStrictEqual(check({ n: 7 }), ["never added"])
  })
})
