import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../src/domain/Errors.ts"
import * as Maintenance from "../../src/layers/worker/Maintenance.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"

/**
 * Starts maintenance on a store whose steps do nothing, except those in `store`. Answers with the
 * logged lines.
 */
const start = Effect.fnUntraced(function*(store: Partial<Scheduler["Service"]>) {
  const lines: Array<string> = []
  const idle = { promoted: 0, isBehind: false, next: undefined }
  yield* Layer.build(Maintenance.layer.pipe(
    Layer.provide([
      Layer.succeed(Notifier, {
        wakes: Stream.never,
        mayHaveMissed: () => Effect.succeed(false)
      }),
      Layer.succeed(Scheduler, {
        promote: Effect.succeed(idle),
        expire: Effect.succeed({ expired: 0, isBehind: false, next: undefined }),
        rescue: Effect.succeed(0),
        heal: Effect.succeed({ healed: 0, isAtEnd: true }),
        unpause: Effect.succeed({ unpaused: 0, next: undefined }),
        forget: Effect.succeed({ hasFigures: false, untilMinute: Duration.minutes(1) }),
        rollUp: Effect.void,
        sample: Effect.void,
        prune: Effect.void,
        ...store
      }),
      Logger.layer([Logger.make(({ logLevel, message }) => {
        if (logLevel !== "Debug") lines.push(String(message))
      })])
    ])
  ))
  return lines
})

/** Adds the present milliseconds to `times`, then takes the step. */
const noting = <A, E>(times: Array<number>, step: Effect.Effect<A, E>) =>
  Effect.andThen(Effect.map(Clock.currentTimeMillis, (now) => void times.push(now)), step)

const busy = new StoreError({
  operation: "prune",
  isTransient: true,
  code: "55P03",
  detail: "canceling statement due to lock timeout",
  cause: undefined
})

/**
 * Moves the clock in small steps, so that each pause starts at the time at which its step ended.
 */
const pass = (duration: Duration.Input, step: Duration.Input) =>
  Effect.repeat(TestClock.adjust(step), {
    times: Math.ceil(
      Duration.toMillis(Duration.fromInputUnsafe(duration)) /
        Duration.toMillis(Duration.fromInputUnsafe(step))
    ) - 1
  })

describe("Maintenance", () => {
  it.effect("asks more and more slowly for a due job that somebody holds", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const held = { promoted: 0, isBehind: true, next: undefined }
      yield* start({ promote: noting(times, Effect.succeed(held)) })

      yield* pass("10 seconds", "10 millis")

      assert.isBelow(times.length, 20)
      const waits = times.map((time, n) => time - (times[n - 1] ?? 0)).slice(1)
      assert.deepStrictEqual(waits.slice(0, 4), [10, 20, 40, 80])
      assert.isAtMost(Math.max(...waits), 1000)
    }))

  it.effect("is there at the time of the next job though somebody holds another", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const promote = Effect.map(Clock.currentTimeMillis, (now) => ({
        promoted: 0,
        isBehind: true,
        next: now < 5300 ? Duration.millis(5300 - now) : undefined
      }))
      yield* start({ promote: noting(times, promote) })

      yield* pass("6 seconds", "10 millis")

      assert.include(times, 5300)
    }))

  it.effect("goes on at once while it makes jobs ready", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const many = { promoted: 1000, isBehind: true, next: undefined }
      yield* start({ promote: noting(times, Effect.succeed(many)) })

      yield* pass("1 second", "10 millis")

      assert.isAtLeast(times.length, 100)
    }))

  it.effect("asks once a minute for what is forgotten, and for figures only if there are some", () =>
    Effect.gen(function*() {
      const forgets: Array<number> = []
      const rollUps: Array<number> = []
      const samples: Array<number> = []
      yield* start({
        forget: noting(
          forgets,
          Effect.map(Clock.currentTimeMillis, (now) => ({
            hasFigures: forgets.length === 3,
            untilMinute: Duration.millis(60_000 - now % 60_000)
          }))
        ),
        rollUp: noting(rollUps, Effect.void),
        sample: noting(samples, Effect.fail(busy))
      })

      yield* pass("10 minutes", "1 second")

      const minutes = forgets.map((time) => Math.floor(time / 60_000))
      assert.deepStrictEqual(minutes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      assert.deepStrictEqual([rollUps, samples], [[forgets[2]], [forgets[2]]])
    }))

  it.effect("tries more and more rarely to prune what is in use, and says so", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const lines = yield* start({ prune: noting(times, Effect.fail(busy)) })

      yield* pass("2 hours", "1 second")

      assert.isAtMost(times.filter((time) => time < 60_000).length, 7)
      assert.isAtMost(times.length, 30)
      const waits = times.map((time, n) => time - (times[n - 1] ?? 0)).slice(-5)
      assert.isAtLeast(Math.min(...waits), 450_000)
      assert.isAtMost(Math.max(...waits), 750_000)
      assert.deepStrictEqual(lines.slice(0, 2), [
        "history was not pruned, 4 times in a row: prune: canceling statement due to lock timeout",
        "history was not pruned, 8 times in a row: prune: canceling statement due to lock timeout"
      ])
      assert.isAtMost(lines.length, 3)
    }))
})
