/**
 * Delays by the backoff of a rule.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Result, Schedule } from "effect"
import type { Backoff } from "../../src/domain/OnError.ts"
import * as RetryDelay from "../../src/domain/RetryDelay.ts"

const run = (backoff: Backoff, failures: number, error: unknown = "boom") =>
  RetryDelay.of({ backoff, failures, error, random: () => 0.75 })

/** The delays in seconds after 1, 2, 3, 4 and 5 failures; none when the attempts are spent. */
const delays = (backoff: Backoff) =>
  [1, 2, 3, 4, 5].map((failures) =>
    Option.getOrUndefined(Option.map(Result.getOrThrow(run(backoff, failures)), Duration.toSeconds))
  )

describe("a schedule", () => {
  it("gives the delay that it would have given after so many failures", () => {
    const capped = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("5 seconds")])

    assert.deepStrictEqual(delays(capped), [1, 2, 4, 5, 5])
    assert.deepStrictEqual(delays(Schedule.fibonacci("1 second")), [1, 1, 2, 3, 5])
  })

  it("that ends has no further delay", () => {
    const none = undefined

    assert.deepStrictEqual(delays(Schedule.recurs(2)), [0, 0, none, none, none])
    assert.deepStrictEqual(
      delays(Schedule.spaced("1 minute").pipe(Schedule.upTo({ duration: "2 minutes" }))),
      [60, 60, 60, none, none]
    )
  })

  it("is given the error, and varies by the worker's random numbers", () => {
    const ofError = Schedule.addDelay(
      Schedule.forever,
      ({ input }) => Effect.succeed(Duration.seconds(Number(input)))
    )
    const delay = Result.getOrThrow(run(ofError, 3, 7))

    assert.deepStrictEqual(Option.map(delay, Duration.toSeconds), Option.some(7))
    assert.deepStrictEqual(delays(Schedule.jittered(Schedule.spaced("10 seconds"))), [
      11,
      11,
      11,
      11,
      11
    ])
  })

  it("gives the delay of the thousandth failure ever after", () => {
    const growing = Schedule.addDelay(
      Schedule.forever,
      ({ attempt }) => Effect.succeed(Duration.millis(attempt))
    )
    assert.deepStrictEqual(run(growing, 1_000_000_000), run(growing, 1000))
    assert.notDeepEqual(run(growing, 999), run(growing, 1000))
  })

  it.each([
    ["dies", () => Effect.die("a mistake"), "a mistake"],
    ["throws", () => JSON.parse("{"), undefined],
    ["waits", () => Effect.as(Effect.never, Duration.zero), undefined]
  ])("that %s gives none", (_, delay, defect) => {
    const failed = run(Schedule.addDelay(Schedule.forever, delay), 1)

    assert.isTrue(Result.isFailure(failed))
    if (defect !== undefined) assert.deepStrictEqual(failed, Result.fail(defect))
  })
})

describe("a function", () => {
  it("is given the number of failures and the error", () => {
    assert.deepStrictEqual(delays((failures) => Duration.seconds(failures * 10)), [
      10,
      20,
      30,
      40,
      50
    ])
    assert.deepStrictEqual(
      run((_, error) => `${Number(error)} minutes`, 1, 3),
      Result.succeed(Option.some(Duration.minutes(3)))
    )
  })

  it("that gives no duration gives none", () => {
    assert.isTrue(Result.isFailure(run(() => JSON.parse("null"), 1)))
    assert.isTrue(Result.isFailure(run(() => JSON.parse("\"soon\""), 1)))
  })
})
