import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../src/domain/Errors.ts"
import * as Caretaker from "../../src/layers/Caretaker.ts"
import { Notifier } from "../../src/services/Notifier.ts"
import { Scheduler } from "../../src/services/Scheduler.ts"

/** Starts it on a store that does nothing but what the test says; answers with the lines it logs. */
const start = Effect.fnUntraced(function*(store: Partial<Scheduler["Service"]>) {
  const lines: Array<string> = []
  const idle = { promoted: 0, next: undefined }
  yield* Layer.build(Caretaker.layer.pipe(
    Layer.provide([
      Layer.succeed(Notifier, { wakes: Stream.never }),
      Layer.succeed(Scheduler, {
        promote: Effect.succeed(idle),
        rescue: Effect.succeed(0),
        forget: Effect.void,
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

/** A step that writes down the milliseconds at which it was taken. */
const noting = <A, E>(times: Array<number>, step: Effect.Effect<A, E>) =>
  Effect.andThen(Effect.map(Clock.currentTimeMillis, (now) => void times.push(now)), step)

const busy = new StoreError({
  operation: "prune",
  isTransient: true,
  code: "55P03",
  detail: "canceling statement due to lock timeout",
  cause: undefined
})

/** A little at a time, so that what comes after a step is counted from when it came. */
const pass = (duration: Duration.Input, step: Duration.Input) =>
  Effect.repeat(TestClock.adjust(step), {
    times: Math.ceil(
      Duration.toMillis(Duration.fromInputUnsafe(duration)) /
        Duration.toMillis(Duration.fromInputUnsafe(step))
    ) - 1
  })

describe("Caretaker", () => {
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
