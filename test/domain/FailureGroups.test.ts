/**
 * Failures in groups: what their counts promise, and their trend.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Count from "../../src/domain/Count.ts"
import * as FailureGroups from "../../src/domain/FailureGroups.ts"

const hour = 3_600_000
const at = Date.parse("2030-01-31T12:00:00Z")
const week = { at, wanted: at - 7 * 24 * hour, since: at - 7 * 24 * hour, looked: 9 }

const failure = (id: number, hoursAgo: number, more: Partial<FailureGroups.Failure> = {}) => ({
  id: BigInt(id),
  name: "charge",
  at: at - hoursAgo * hour,
  error: `Declined: card ${id}\n  at the bank`,
  isFinal: true,
  ...more
})

const { exact } = Count
const atLeast = (value: number) => Count.capped(value + 1, value)

/** The trend of a group with so many failures in the last hour, and in the 23 hours before. */
const trendOf = (last: number, before: number) => {
  const failures = Array.from(
    { length: last + before },
    (_, n) => failure(n, n < last ? 0.5 : 2)
  )
  return FailureGroups.of(failures, week).groups[0]!.trend
}

describe("the groups of failures", () => {
  it("count by name and fingerprint, in spans that reach back from now", () => {
    const { groups, ...look } = FailureGroups.of([
      failure(1, 100),
      failure(2, 5),
      failure(3, 0.5, { isFinal: false }),
      failure(4, 3, { name: "mail" })
    ], week)

    assert.deepStrictEqual(look, {
      at: "2030-01-31T12:00:00.000Z",
      since: "2030-01-24T12:00:00.000Z",
      isComplete: true,
      looked: 9,
      hasMoreGroups: false
    })
    assert.deepStrictEqual(groups.map(({ name }) => name), ["charge", "mail"])
    assert.deepStrictEqual(
      groups[0],
      {
        name: "charge",
        fingerprint: "Declined: card …",
        hour: exact(1),
        day: exact(2),
        week: exact(3),
        failed: exact(2),
        unfinished: exact(1),
        firstAt: "2030-01-27T08:00:00.000Z",
        lastAt: "2030-01-31T11:30:00.000Z",
        trend: "rising",
        sample: { job: "3", error: "Declined: card 3" }
      } as const
    )
  })

  it("count each job once, by its last failure", () => {
    const { groups } = FailureGroups.of([
      failure(1, 3, { error: "first", isFinal: false }),
      failure(1, 2, { error: "second", isFinal: false })
    ], week)

    assert.deepStrictEqual(groups.map(({ day, fingerprint }) => [fingerprint, day]), [
      ["second", exact(1)]
    ])
  })

  it("promise no more than the look has seen", () => {
    const since = at - 2 * hour
    const { groups, isComplete } = FailureGroups.of(
      [failure(1, 0.5), failure(2, 1.5), failure(3, 30)],
      { ...week, since }
    )

    assert.isFalse(isComplete)
    assert.deepStrictEqual(
      groups.map(({ day, failed, hour, trend }) => [hour, day, failed, trend]),
      [
        [exact(1), atLeast(2), atLeast(2), "unknown"]
      ]
    )
  })

  it("are exact for the hour that somebody has asked for a moment ago", () => {
    const since = at - hour + 5000
    const failures = [failure(1, 0.5)]

    const asked = FailureGroups.of(failures, { ...week, wanted: since, since })
    const cut = FailureGroups.of(failures, { ...week, since })

    assert.deepStrictEqual(asked.groups.map(({ hour }) => hour), [exact(1)])
    assert.deepStrictEqual(cut.groups.map(({ hour }) => hour), [atLeast(1)])
  })

  it("are the 200 with the most failures lately", () => {
    const failures = Array.from(
      { length: 201 },
      (_, n) => failure(n, n === 7 ? 20 : 0.1, { name: `kind ${n}` })
    )

    const { groups, hasMoreGroups } = FailureGroups.of(failures, week)

    assert.isTrue(hasMoreGroups)
    assert.strictEqual(groups.length, 200)
    assert.notInclude(groups.map(({ name }) => name), "kind 7")
  })

  it.each(
    [
      [3, 0, "new"],
      [0, 5, "over"],
      [3, 23, "rising"],
      [2, 23, "steady"],
      [1, 23, "steady"],
      [1, 60, "falling"]
    ] as const
  )("with %i in the last hour and %i before are %s", (last, before, trend) => {
    assert.strictEqual(trendOf(last, before), trend)
  })
})
