/**
 * The counts of a worker: which kinds are told apart, and when they are forgotten.
 */
import { assert, describe, it } from "@effect/vitest"
import { bounds, type KindFigures, kindsMax } from "../../src/domain/Figures.ts"
import { Tallies } from "../../src/layers/worker/Tallies.ts"
import * as SeenFigures from "../observe/SeenFigures.ts"

const queue = "q"
const nothing = { slots: 1, running: 0, waiting: 0, renewedAgo: 0 }
const figuresOf = (tallies: Tallies) => tallies.figures(() => nothing)
const minutes = (tallies: Tallies, count: number) => {
  for (let minute = 0; minute < count; minute++) tallies.forgetIdle()
}

describe("the tallies of a worker", () => {
  it("count the kinds beyond the first 500 together", () => {
    const tallies = new Tallies([queue])
    for (let n = 0; n < kindsMax + 50; n++) tallies.ended({ queue, name: `kind ${n}` }, "completed")
    tallies.ended({ queue, name: "kind 7" }, "failed")

    const ends = SeenFigures.endsOf(figuresOf(tallies))
    assert.lengthOf(Object.keys(ends), kindsMax + 1)
    assert.deepStrictEqual(ends["kind 7"], { completed: 1, failed: 1 })
    assert.deepStrictEqual(ends["_other"], { completed: 50 })
  })

  it("forget a kind of which no job has ended for an hour, and no other", () => {
    const tallies = new Tallies([queue])
    const gone: Array<KindFigures> = []
    figuresOf(tallies).watch({
      onKind: () => {},
      onKindGone: (kind) => gone.push(kind),
      onStep: () => {}
    })
    tallies.ended({ queue, name: "old" }, "completed")
    tallies.ended({ queue, name: "new" }, "completed")
    minutes(tallies, 60)
    assert.isEmpty(gone)
    tallies.ended({ queue, name: "new" }, "completed")

    minutes(tallies, 1)
    assert.deepStrictEqual(gone.map(({ name }) => name), ["old"])
    assert.deepStrictEqual(SeenFigures.endsOf(figuresOf(tallies)), { new: { completed: 2 } })
  })

  it("do not grow, whatever kinds come and go", () => {
    const tallies = new Tallies([queue])
    for (let hour = 0; hour < 24; hour++) {
      for (let n = 0; n < 300; n++) tallies.ended({ queue, name: `${hour} ${n}` }, "completed")
      minutes(tallies, 61)
    }
    tallies.ended({ queue, name: "last" }, "completed")
    assert.deepStrictEqual(SeenFigures.endsOf(figuresOf(tallies)), { last: { completed: 1 } })
  })

  it("put a duration into the first bucket that holds it", () => {
    const { ran } = new Tallies([queue]).ended({ queue, name: "kind" }, "completed")
    for (const bound of bounds) ran.add(bound * 1000)
    ran.add(-1)
    ran.add(3_600_000)
    assert.deepStrictEqual(ran.buckets, [2, ...bounds.slice(1).map(() => 1), 1])
    assert.deepStrictEqual([ran.count, ran.min, ran.max], [bounds.length + 2, 0, 3600])
  })
})
