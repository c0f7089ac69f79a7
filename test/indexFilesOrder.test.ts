/**
 * The check of the order in which index-files has run its jobs.
 */
import { assert, describe, it } from "@effect/vitest"
import { issueOf } from "../examples/index-files/Order.ts"

const start = (id: bigint, priority: number, beside = 0) => ({ id, priority, beside })

describe("index-files' check of the order", () => {
  it("accepts larger files first, then older ones, the report last", () => {
    const starts = [start(5n, 30), start(1n, 20), start(2n, 20), start(9n, -1)]
    assert.isUndefined(issueOf(starts, 4))
  })

  it.each([
    ["a smaller file first", [start(1n, 20), start(5n, 30), start(9n, -1)], 3],
    ["a younger file first", [start(2n, 20), start(1n, 20), start(9n, -1)], 3],
    ["a report in between", [start(5n, 30), start(9n, -1), start(1n, 20)], 3],
    ["a file started twice", [start(5n, 30), start(5n, 30), start(9n, -1)], 3],
    ["a file left out", [start(5n, 30), start(9n, -1)], 3],
    ["two at once", [start(5n, 30), start(1n, 20, 1), start(9n, -1)], 3]
  ])("refuses %s", (_, starts, jobs) => {
    assert.isString(issueOf(starts, jobs))
  })
})
