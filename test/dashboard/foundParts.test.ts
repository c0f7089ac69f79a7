/**
 * Lists of jobs that are found in parts, before they are shown.
 *
 * Tests `dashboard/src/state/foundParts.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { hasEnough, limit, plus } from "../../dashboard/src/state/foundParts.ts"
import type { JobPage, JobRow } from "../../src/domain/JobList.ts"

const job = (id: number): JobRow => ({
  id: String(id),
  state: "ready",
  name: "send-mail",
  queue: "mail",
  key: null,
  priority: 0,
  attempt: 0,
  maxAttempts: null,
  createdAt: "2030-01-31T09:00:00.000Z",
  dueAt: null,
  endedAt: null,
  worker: null,
  error: null
})

const part = (jobs: number, next: string | null, downTo: string | null): JobPage => ({
  items: Array.from({ length: jobs }, (_, n) => job(n)),
  next,
  scanned: { rows: 50_000, downTo, isComplete: next === null }
})

describe("the parts of a list of jobs", () => {
  it("are one list, as old as its first part", () => {
    const first = plus(undefined, part(limit, "a", "2030-01-31T09:00:00.000Z"), 1)
    const both = plus(first, part(2, "b", "2030-01-31T08:00:00.000Z"), 2)

    assert.deepInclude(first, { next: "a", isFull: true, rows: 50_000, at: 1 })
    assert.lengthOf(both.items, limit + 2)
    assert.deepInclude(both, { next: "b", isFull: false, rows: 100_000, at: 1 })
    assert.strictEqual(both.downTo, "2030-01-31T08:00:00.000Z")
    // A part that has looked at nothing goes back no further.
    assert.strictEqual(plus(both, part(0, null, null), 3).downTo, both.downTo)
  })

  it("are looked at until one has a job, or there is none", () => {
    const before = plus(undefined, part(0, "a", null), 1)

    assert.isTrue(hasEnough(undefined, part(0, "a", null)))
    assert.isFalse(hasEnough(before, part(0, "b", null)))
    assert.isTrue(hasEnough(before, part(1, "b", null)))
    assert.isTrue(hasEnough(before, part(0, null, null)))
  })
})
