/**
 * Faults harm workers in the order of their need.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as Turns from "./Turns.ts"

/** One worker becomes ready each second, and dies of each fault. */
const world = (quotas: Readonly<Record<string, number>>) => {
  const harmed: Record<string, number> = {}
  let ready = 0
  let isOver = false
  const turns = Turns.make(() => isOver)
  return {
    harmed,
    /** A fault that takes a worker as soon as it can, again and again. */
    fault: (name: string) => {
      const share = () => (harmed[name] ?? 0) / (quotas[name] ?? 1)
      return Effect.repeat(
        turns.take(share, () => {
          if (ready === 0) return undefined
          ready--
          harmed[name] = (harmed[name] ?? 0) + 1
          return Effect.void
        }),
        { while: () => !isOver }
      )
    },
    start: (workers: number) =>
      Effect.repeat(
        Effect.andThen(Effect.sync(() => ready++), TestClock.adjust("1 second")),
        { times: workers - 1 }
      ),
    end: Effect.suspend(() => {
      isOver = true
      return TestClock.adjust("1 second")
    })
  }
}

describe("the turns of the faults", () => {
  it.effect("give each the same share of its quota where workers are scarce", () =>
    Effect.gen(function*() {
      const { end, fault, harmed, start } = world({ kill: 100, signals: 100, freeze: 10 })
      for (const name of ["kill", "kill", "signals", "signals", "freeze"]) {
        yield* Effect.forkScoped(fault(name))
      }

      yield* start(105)
      yield* end

      assert.deepStrictEqual(harmed, { kill: 50, signals: 50, freeze: 5 })
    }))

  it.effect("leave nobody waiting when the faults are over", () =>
    Effect.gen(function*() {
      const { end, fault, harmed } = world({ kill: 1 })
      const waiting = yield* Effect.forkScoped(fault("kill"))

      yield* end

      yield* Fiber.join(waiting)
      assert.deepStrictEqual(harmed, {})
    }))
})
