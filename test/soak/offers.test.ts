/**
 * The soak's check of offers finds what is wrong in made-up ledgers, and nothing in correct ones.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as Ledger from "./Ledger.ts"
import { added, ended, found, ran } from "./MadeUp.ts"

const unique = { key: null, isLater: true }

/** An offer with this outcome, answered at `at`; `id` is the job that was added or is kept. */
const offered = (n: number, at: number, outcome: string, id = n): ReadonlyArray<Ledger.Entry> => {
  const [intent, ack] = added(n, at - 1, unique)
  const answer = { at, sent: at - 1, wall: at, n, id, key: "value u", isWithin: false, outcome }
  return [
    ...intent === undefined ? [] : [intent],
    ...outcome === "kept"
      ? [{ what: "rollback" as const, at, wall: at, tx: `tx${n}` }]
      : ack === undefined
      ? []
      : [ack],
    { what: "offer", ...answer }
  ]
}

const holding = (takes: boolean, at: number, id: number) => ({ at, id, key: "value u", takes })

describe("the check of offers", () => {
  it("finds nothing in a job that was replaced before its run, and in one that was kept", () => {
    const entries = [
      ...offered(1, 10, "added"),
      ...offered(2, 20, "replaced", 1),
      ...offered(3, 30, "kept", 1),
      ran("start", 2, 40),
      ran("end", 2, 50)
    ]
    const holdings = [holding(true, 9, 1), holding(false, 60, 1)]
    const replaced = [{ id: 1, before: 1, after: 2, isLeased: false }]
    const finished = [{ ...ended(2, 60), id: 1 }]
    assert.deepStrictEqual(found(entries, { holdings, replaced, finished }), [])
  })

  it("finds a job that was lost, and one whose offer was kept", () => {
    const entries = [...offered(1, 10, "added"), ...offered(2, 20, "kept", 1), ran("start", 2, 30)]
    const holdings = [holding(true, 9, 1)]
    assert.deepStrictEqual(found(entries, { holdings }), ["lost", "never added"])
  })

  it("finds two holders of a key", () => {
    const holdings = [holding(true, 9, 1), holding(true, 19, 2)]
    assert.deepStrictEqual(found([], { holdings }), ["two holders"])
  })

  it("finds an answer that names a job which had ended long before", () => {
    const entries = offered(2, 20_000, "kept", 1)
    const holdings = [holding(true, 9, 1), holding(false, 60, 1)]
    assert.deepStrictEqual(found(entries, { holdings }), [
      "stood for by a job that had ended"
    ])
  })

  it("finds a run of values that were replaced, and a job replaced while it ran", () => {
    const entries = [
      ...offered(1, 10, "added"),
      ...offered(2, 20, "replaced", 1),
      ran("start", 1, 40),
      ran("end", 1, 50)
    ]
    const finished = [{ ...ended(1, 60), id: 1 }]
    const holdings = [holding(true, 9, 1), holding(false, 60, 1)]
    const replaced = [{ id: 1, before: 1, after: 2, isLeased: true }]
    assert.deepStrictEqual(found(entries, { holdings, replaced, finished }), [
      "lost",
      "replaced, and run",
      "replaced, and run"
    ])
  })
})
