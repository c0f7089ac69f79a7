/**
 * An invalid setting is refused in one sentence that names the setting.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Result } from "effect"
import * as WorkerSettings from "../../src/domain/WorkerSettings.ts"

/** Takes any object, as a caller in JavaScript may pass one. */
const check = (asked: object) => WorkerSettings.check(asked)

const refused: ReadonlyArray<readonly [setting: string, values: ReadonlyArray<unknown>]> = [
  ["workers", [0, -1, 1.5, NaN, Infinity, 10_001, "5"]],
  ["concurrency", [0, -1, 1.5, NaN, Infinity, 10_001, "5"]],
  ["queues", [[], ["a", "a"], [""], ["q".repeat(64)], ["a\0"], ["\ud800"], "default", [1]]],
  ["label", ["l".repeat(129), "a\0b"]],
  ["workerId", ["", "1", "not-a-uuid"]],
  ["notify", ["signal", ""]],
  ["onHang", ["ignore"]],
  ["grace", [-1, NaN, Infinity, "Infinity", "8 days", Duration.infinity, "soon", {}.valueOf, -1n]],
  ["lease", [0, -1, NaN, "99 millis", Infinity, Duration.negativeInfinity, "25 hours", ""]],
  ["hangLimit", [0, -1, NaN, "2 seconds", "never", Duration.negativeInfinity]],
  ["stuckAfter", [0, -1, NaN, "soon", Duration.negativeInfinity]],
  ["onStuck", ["abandon", ""]]
]

describe("a worker's settings", () => {
  it.each(refused.flatMap(([setting, values]) => values.map((value) => ({ setting, value }))))(
    "refuse $setting: $value",
    ({ setting, value }) => {
      const checked = check({ [setting]: value })
      assert(Result.isFailure(checked), "it was taken")
      assert.strictEqual(checked.failure.setting, setting)
      assert.match(checked.failure.message, /^\w+: [^\n]+$/)
      assert.notMatch(checked.failure.message, /undefined|NaN is not between/)
    }
  )

  it.each([
    { workers: 1, queues: ["a", "b"], grace: 0, lease: "100 millis", hangLimit: "20 millis" },
    { workers: 10_000, grace: "7 days", lease: "1 day", hangLimit: Duration.infinity },
    { stuckAfter: Duration.infinity, onStuck: "kill" },
    { hangLimit: "3 seconds", label: "", workerId: "0f0e0d0c-0b0a-0908-0706-050403020100" },
    {}
  ])("take %o", (asked) => {
    assert.isTrue(Result.isSuccess(check(asked)))
  })

  it("take the number of jobs at once by either name", () => {
    const workersOf = (asked: object) => Result.getOrThrow(check(asked)).workers
    assert.deepStrictEqual(
      [{ workers: 3 }, { concurrency: 3 }, { workers: 3, concurrency: 3 }].map(workersOf),
      [3, 3, 3]
    )
    const checked = check({ workers: 3, concurrency: 4 })
    assert(Result.isFailure(checked), "it was taken")
    assert.strictEqual(
      checked.failure.message,
      "concurrency: it is 4, but workers, the same setting, is 3"
    )
  })

  it("have defaults", () => {
    assert.deepStrictEqual(
      Result.getOrThrow(check({})),
      {
        workers: 5,
        queues: ["default"],
        grace: Duration.seconds(30),
        label: "pgq",
        workerId: undefined,
        lease: Duration.seconds(15),
        hangLimit: Duration.minutes(10),
        stuck: { after: Duration.seconds(30), isFatal: false },
        traces: { style: "auto", haveKeys: false }
      }
    )
  })
})
