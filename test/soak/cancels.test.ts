/**
 * The soak's check of cancels finds what is wrong in made-up ledgers, and nothing in correct ones.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as Ledger from "./Ledger.ts"
import { added, ended, found, inOrder, moved, ran } from "./MadeUp.ts"

const cancelled = (n: number, at: number, answer: string): Ledger.Entry => ({
  what: "cancel",
  at,
  wall: at,
  n,
  id: n,
  answer
})

const cancelledWaiting = { ...ended(1, 95, "cancelled"), lease: null }

describe("the check of cancels", () => {
  it("finds nothing in jobs that were cancelled as they waited, or as they ran", () => {
    const entries = inOrder([
      ...added(1, 10),
      ...added(2, 20, { key: null }),
      ran("start", 2, 90),
      cancelled(1, 95, "cancelled"),
      cancelled(2, 100, "stopping"),
      ran("abort", 2, 110)
    ])
    const history = [moved(true, 80, "b", 2), moved(false, 120, "b", 2)]
    const finished = [cancelledWaiting, { ...ended(2, 120, "cancelled"), lease: "b" }]
    assert.deepStrictEqual(found(entries, { history, finished }), [])
  })

  it("finds nothing in a job that completed while it was stopping", () => {
    const entries = [
      ...added(1, 10),
      ran("start", 1, 90),
      cancelled(1, 100, "stopping"),
      ran("end", 1, 105)
    ]
    const history = [moved(true, 80, "a", 1), moved(false, 110, "a", 1)]
    assert.deepStrictEqual(found(entries, { history, finished: [ended(1, 110)] }), [])
  })

  it("takes a lost answer for any, and a failover for the loss of a cancel", () => {
    const lost = [...added(1, 10), cancelled(1, 95, "lost")]
    assert.deepStrictEqual(found(lost, { finished: [cancelledWaiting] }), [])
    const rewind = { what: "rewind", at: 97, from: 90, until: 96 } as const
    const forgotten = [
      ...added(1, 10),
      cancelled(1, 95, "cancelled"),
      rewind,
      ran("start", 1, 100),
      ran("end", 1, 105)
    ]
    assert.deepStrictEqual(found(forgotten, { finished: [ended(1, 110)] }), [])
  })

  it.each(["held", "ended"])(
    "finds a job that ended as cancelled after the answer %s",
    (answer) => {
      const entries = [...added(1, 10), cancelled(1, 90, answer)]
      assert.deepStrictEqual(found(entries, { finished: [cancelledWaiting] }), ["wrong end"])
    }
  )

  it("finds a job that ended otherwise, or that is left", () => {
    const entries = [
      ...added(1, 10),
      ran("start", 1, 20),
      ran("end", 1, 30),
      cancelled(1, 90, "cancelled")
    ]
    const wrong = ["cancelled, and went on"]
    assert.deepStrictEqual(found(entries, { finished: [ended(1, 40)] }), wrong)
    assert.deepStrictEqual(found(entries, { left: [{ id: 1, n: 1, state: "ready" }] }), wrong)
  })

  it("finds a claim and a start afterwards", () => {
    const stopping = [...added(1, 10), cancelled(1, 90, "stopping")]
    const history = [moved(true, 100, "a", 1)]
    assert.deepStrictEqual(
      found(stopping, { history, left: [{ id: 1, n: 1, state: "running" }] }),
      [
        "cancelled, and went on"
      ]
    )
    const started = [...added(1, 10), cancelled(1, 90, "cancelled"), ran("start", 1, 100)]
    assert.deepStrictEqual(found(started, { finished: [cancelledWaiting] }), [
      "cancelled, and went on"
    ])
  })

  it("forgives a start of a process that was frozen, or of a lease that a crash forgot", () => {
    const cancel = cancelled(1, 90, "cancelled")
    const frozen = [
      ...added(1, 10),
      { what: "pause", at: 80, pid: 1 } as const,
      cancel,
      { what: "resume", at: 99, pid: 1 } as const,
      ran("start", 1, 100),
      ran("abort", 1, 110)
    ]
    assert.deepStrictEqual(found(frozen, { finished: [cancelledWaiting] }), [])
    const crash = { what: "fault", at: 85, fault: "server crash, kill -9", detail: "" } as const
    const crashed = (key: string | null) => [
      ...added(1, 10, { key }),
      crash,
      cancel,
      ran("start", 1, 100)
    ]
    assert.deepStrictEqual(found(crashed(null), { finished: [cancelledWaiting] }), [])
    assert.deepStrictEqual(found(crashed("key"), { finished: [cancelledWaiting] }), [
      "cancelled, and went on"
    ])
  })
})
