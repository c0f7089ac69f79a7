import { assert, describe, it } from "@effect/vitest"
import { exact } from "../../src/domain/Count.ts"
import * as LaneView from "../../src/domain/LaneView.ts"

const head: LaneView.LaneHead = {
  id: "1",
  state: "running",
  name: "greet",
  queue: "mail",
  key: "k",
  priority: 0,
  attempt: 1,
  maxAttempts: null,
  createdAt: "2026-03-01T10:00:00.000Z",
  dueAt: null,
  endedAt: null,
  worker: "one",
  error: null,
  since: null,
  why: null
}

const now = Date.parse("2026-03-01T11:00:00Z")

/** Four runs of 5 s to 10 s. */
const runs = Array.from({ length: 18 }, (_, place) => place === 12 ? 4 : 0)

const estimateOf = (found: Partial<LaneView.Found>) =>
  LaneView.of({ queue: "mail", key: "k", limit: 50, after: undefined }, {
    head,
    behind: [],
    behindCount: exact(10),
    runs,
    now,
    ...found
  }).estimate

describe("the estimate of a lane", () => {
  it("is as long as a mean run for each job before the last one", () => {
    assert.deepStrictEqual(estimateOf({}), { meanSeconds: 7.5, lastStartsSeconds: 75 })
  })

  it("counts the time until the head's next try", () => {
    const retry = { ...head, state: "retry", dueAt: "2026-03-01T11:01:00.000Z" } as const
    assert.strictEqual(estimateOf({ head: retry })?.lastStartsSeconds, 135)
    const due = { ...retry, dueAt: "2026-03-01T10:59:00.000Z" }
    assert.strictEqual(estimateOf({ head: due })?.lastStartsSeconds, 75)
  })

  it("is none where nobody knows", () => {
    assert.isNull(estimateOf({ runs: [] }))
    assert.isNull(estimateOf({ behindCount: exact(0) }))
    assert.isNull(estimateOf({ head: null }))
    assert.isNull(estimateOf({ head: { ...head, state: "blocked" } }))
    assert.isNull(estimateOf({ head: { ...head, state: "paused" } }))
  })
})
