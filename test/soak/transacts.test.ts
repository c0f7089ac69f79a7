/**
 * The soak's check of transactional jobs finds what is wrong in made-up evidence, and nothing in
 * correct evidence.
 */
import { assert, describe, it } from "@effect/vitest"
import { added, ended, found, ran } from "./MadeUp.ts"

const row = { n: 1, pid: 1 }

const transactional = [
  ...added(1, 10, { does: "transact" }),
  ran("start", 1, 20),
  ran("end", 1, 30),
  ran("start", -1, 50),
  ran("end", -1, 60)
]
const completed = ended(1, 40)
const followUp = ended(-1, 70)

describe("the check of transactional jobs", () => {
  it("finds nothing in a job that has its row and its follow-up", () => {
    const finished = [completed, followUp]
    assert.deepStrictEqual(found(transactional, { finished, transacted: [row] }), [])
  })

  it("finds nothing in a job whose follow-up waits, and in one that failed without a trace", () => {
    const entries = [...transactional, ...added(2, 80, { does: "vain" })]
    const finished = [completed, ended(2, 90, "failed")]
    const left = [{ id: 5, n: -1, state: "ready" }]
    assert.deepStrictEqual(found(entries, { finished, left, transacted: [row] }), [])
  })

  it("finds a completed job without its row, and one without its follow-up", () => {
    const missing = found(transactional, { finished: [completed, followUp] })
    assert.deepStrictEqual(missing, ["half done"])
    const alone = found(transactional, { finished: [completed], transacted: [row] })
    assert.deepStrictEqual(alone, ["half done"])
  })

  it("finds what a job has left that was not completed", () => {
    const left = [{ id: 1, n: 1, state: "ready" }]
    assert.deepStrictEqual(found(transactional, { left, transacted: [row] }), ["half done"])
    assert.deepStrictEqual(found(transactional, { left, finished: [followUp] }), ["half done"])
    assert.deepStrictEqual(found([], { transacted: [row] }), ["half done"])
  })

  it("finds a job that has two rows, and one that has two follow-ups", () => {
    const finished = [completed, followUp]
    const rows = found(transactional, { finished, transacted: [row, { n: 1, pid: 2 }] })
    assert.deepStrictEqual(rows, ["done twice"])

    const left = [{ id: 5, n: -1, state: "ready" }]
    const followUps = found(transactional, { finished, left, transacted: [row] })
    assert.deepStrictEqual(followUps, ["done twice"])
  })

  it("finds a follow-up that has ended in another way than it can", () => {
    const finished = [completed, { ...followUp, outcome: "failed" }]
    assert.deepStrictEqual(found(transactional, { finished, transacted: [row] }), ["wrong end"])
  })
})
