/**
 * The history of the queue in memory is bounded.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Outcome } from "../../src/domain/ProtocolSteps.ts"
import { MemoryHistory } from "../../src/layers/memory/MemoryHistory.ts"
import { newStoredJob } from "../../src/layers/memory/MemoryJob.ts"
import { jobOf } from "../Given.ts"

const end = (history: MemoryHistory, id: bigint, outcome: Outcome, at = 0): void =>
  history.add({ job: newStoredJob(jobOf("q"), id, 0), outcome, lease: undefined }, at)

describe("the history in memory", () => {
  it("can queue the last 10,000 jobs again that did not complete", () => {
    const history = new MemoryHistory()
    for (let id = 1n; id <= 10_001n; id++) end(history, id, "failed")
    for (let id = 20_001n; id <= 40_000n; id++) end(history, id, "completed")

    assert.isUndefined(history.take(1n))
    assert.strictEqual(history.take(2n)?.id, 2n)
    assert.isUndefined(history.take(20_001n))
    assert.lengthOf(history.summaries(), 30_000)
    assert.strictEqual(history.outcomeOf(1n), "failed")
  })

  it("forgets a job after a day, whatever its outcome", () => {
    const history = new MemoryHistory()
    const day = 86_400_000
    end(history, 1n, "failed", 0)
    end(history, 2n, "completed", 0)
    end(history, 3n, "failed", 1)

    history.prune(day)

    assert.deepStrictEqual([1n, 2n, 3n].map((id) => history.outcomeOf(id)), [
      undefined,
      undefined,
      "failed"
    ])
    assert.isUndefined(history.take(1n))
    assert.strictEqual(history.take(3n)?.id, 3n)
  })

  it("has the newest end last, also of a job that failed again", () => {
    const history = new MemoryHistory()
    for (const id of [1n, 2n]) end(history, id, "failed")
    history.take(1n)
    end(history, 1n, "failed")

    assert.deepStrictEqual(history.failed({ limit: 9 }).map(({ id }) => id), [1n, 2n])
    assert.deepStrictEqual(history.idsOf({}), [1n, 2n])
  })
})
