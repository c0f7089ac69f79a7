import { assert, describe, it } from "@effect/vitest"
import * as Prefetch from "../../src/domain/Prefetch.ts"

const worker = (known: {
  readonly took?: number
  readonly between?: number
  readonly active?: number
  readonly backlog?: number
  readonly unsettled?: number
  readonly sinceEnd?: number
}) => ({
  concurrency: 10,
  timings: { took: known.took, between: known.between },
  active: known.active ?? 0,
  backlog: known.backlog ?? 0,
  unsettled: known.unsettled ?? 0,
  sinceEnd: known.sinceEnd ?? 0
})

describe("a worker's claims", () => {
  it("fill the free slots, and no more, while nothing is known of the jobs", () => {
    assert.strictEqual(Prefetch.claimSize(worker({})), 10)
    assert.strictEqual(Prefetch.claimSize(worker({ active: 4 })), 6)
    assert.strictEqual(Prefetch.claimSize(worker({ active: 10 })), 0)
  })

  it("take nothing ahead of slow jobs", () => {
    assert.strictEqual(Prefetch.claimSize(worker({ took: 100, between: 10, active: 3 })), 7)
  })

  it("hold a tenth of a second of work ready", () => {
    assert.strictEqual(Prefetch.claimSize(worker({ took: 10, between: 1, active: 10 })), 100)
  })

  it("count jobs that compute one after the other", () => {
    assert.strictEqual(Prefetch.claimSize(worker({ took: 10, between: 10, active: 10 })), 10)
  })

  it("come by the thousand, the next while one is worked off", () => {
    const quick = { took: 0.01, between: 0.01 }
    assert.strictEqual(Prefetch.claimSize(worker(quick)), 1000)
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, backlog: 1000 })), 1000)
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, backlog: 1001 })), 0)
  })

  it("fill more slots than that at once where there are more", () => {
    const many = { ...worker({ took: 0.01, between: 0.01 }), concurrency: 3000 }
    assert.strictEqual(Prefetch.claimSize(many), 3000)
  })

  it("take nothing ahead beside jobs of which none has ended for a while", () => {
    const quick = { took: 10, between: 1 }
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, active: 10, sinceEnd: 99 })), 100)
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, active: 10, sinceEnd: 100 })), 0)
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, active: 9, sinceEnd: 100 })), 1)
    assert.strictEqual(Prefetch.claimSize(worker({ ...quick, active: 0, sinceEnd: 100 })), 110)
  })

  it("wait for a store that is slower than the jobs", () => {
    assert.strictEqual(Prefetch.claimSize(worker({ took: 0.01, unsettled: 2001 })), 0)
  })
})

describe("lane runs", () => {
  it("are a tenth of a second long, and not over 200 jobs", () => {
    assert.strictEqual(Prefetch.perLaneMax({ took: undefined, between: undefined }), 0)
    assert.strictEqual(Prefetch.perLaneMax({ took: 100, between: 1 }), 0)
    assert.strictEqual(Prefetch.perLaneMax({ took: 10, between: 1 }), 10)
    assert.strictEqual(Prefetch.perLaneMax({ took: 0.01, between: 1 }), 200)
  })
})
