/**
 * The ranges of a claim: together they are all jobs above the floors, in order and without overlap.
 *
 * Tests `src/layers/postgres/Floors.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Floors } from "../../src/layers/postgres/Floors.ts"

const priority = Schema.Int.check(Schema.isBetween({ minimum: -3, maximum: 3 }))
const place = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))
const priorities = [3, 2, 1, 0, -1, -2, -3]
const places = Array.from({ length: 11 }, (_, n) => n)

const [most, least] = [2147483647, -2147483648]

const floorsOf = (...floors: ReadonlyArray<readonly [priority: number, place: bigint]>) => {
  const all = new Floors()
  for (const [priority, place] of floors) all.set({ queue: "q", priority, place })
  return all
}

const rangesOf = (floors: Floors) =>
  floors.ranges("q").map(({ bottom, floor, top }) => [top, bottom, floor])

describe("floors", () => {
  it("leave a queue without floors to one range", () => {
    assert.deepStrictEqual(rangesOf(new Floors()), [[most, least, null]])
  })

  it("leave out the jobs up to the floor of a priority, and nothing else", () => {
    assert.deepStrictEqual(rangesOf(floorsOf([0, 7n], [5, 3n])), [
      [most, 6, null],
      [5, 5, 3n],
      [4, 1, null],
      [0, 0, 7n],
      [-1, least, null]
    ])
  })

  it("know of no priority beyond the first and the last, and of none between neighbours", () => {
    assert.deepStrictEqual(rangesOf(floorsOf([most, 1n], [most - 1, 2n], [least, 3n])), [
      [most, most, 1n],
      [most - 1, most - 1, 2n],
      [most - 2, least + 1, null],
      [least, least, 3n]
    ])
  })

  it("go down as well as up", () => {
    assert.deepStrictEqual(floorsOf([0, 7n], [0, 3n]).all(), [{
      queue: "q",
      priority: 0,
      place: 3n
    }])
  })

  it("are of eight priorities at most: those whose floors were set last", () => {
    const floors = floorsOf(...Array.from({ length: 20 }, (_, n) => [n, 1n] as const), [0, 2n])
    assert.deepStrictEqual(
      floors.all().map(({ priority }) => priority),
      [13, 14, 15, 16, 17, 18, 19, 0]
    )
  })

  it("of one queue are none of another's", () => {
    const floors = floorsOf([0, 7n])
    assert.deepStrictEqual(floors.ranges("other").map(({ top }) => top), [most])
    assert.deepStrictEqual(floors.all().length, 1)
    floors.clear()
    assert.isTrue(floors.isEmpty)
  })

  it.prop(
    "lead to each job above them once, in the order of a queue",
    { given: Schema.Array(Schema.Struct({ priority, place })).check(Schema.isMaxLength(5)) },
    ({ given }) => {
      const floors = floorsOf(
        ...given.map(({ place, priority }) => [priority, BigInt(place)] as const)
      )
      const lastOf = (of: number) => given.findLast(({ priority }) => priority === of)?.place ?? -1
      const within = (top: number, bottom: number) =>
        priorities.filter((priority) => priority <= top && priority >= bottom)

      assert.deepStrictEqual(
        floors.ranges("q").flatMap(({ bottom, floor, top }) =>
          within(top, bottom).flatMap((priority) =>
            places.filter((place) => floor === null || place > floor).map((place) =>
              `${priority} ${place}`
            )
          )
        ),
        priorities.flatMap((priority) =>
          places.filter((place) => place > lastOf(priority)).map((place) => `${priority} ${place}`)
        )
      )
    }
  )
})
