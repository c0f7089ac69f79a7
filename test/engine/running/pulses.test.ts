/**
 * A worker reports its figures at intervals: each run once, and nothing while no run ends.
 *
 * Tests `src/layers/worker/PulseSender.ts`.
 */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { StoreError } from "../../../src/domain/Errors.ts"
import type { Pulse } from "../../../src/domain/Pulse.ts"
import * as MemorySchema from "../../../src/layers/memory/MemorySchema.ts"
import type { Pulses } from "../../../src/services/Pulses.ts"
import { start, Task, tasks } from "../Memory.ts"

/** Keeps what the worker reports, and answers each report in turn; the last answer stays. */
const hearing = (...answers: ReadonlyArray<Effect.Effect<void, StoreError>>) => {
  const heard: Array<ReadonlyArray<Pulse>> = []
  return {
    heard,
    pulses: (store: Pulses["Service"]): Pulses["Service"] => ({
      add: (worker, pulses) =>
        Effect.suspend(() => {
          heard.push(pulses)
          return Effect.andThen(store.add(worker, pulses), answers[heard.length - 1] ?? Effect.void)
        })
    })
  }
}

const refused = (isOutcomeUnknown: boolean) =>
  Effect.fail(
    new StoreError({
      operation: "pulse",
      isTransient: true,
      isOutcomeUnknown,
      detail: "no",
      cause: "no"
    })
  )

const completedIn = (heard: ReadonlyArray<ReadonlyArray<Pulse>>) =>
  heard.map((pulses) => pulses.map(({ counts }) => counts[0]))

const pass = Effect.repeat(TestClock.adjust("100 millis"), { times: 120 })

it.effect("a worker reports each run once, within some seconds, and the last at its end", () =>
  Effect.gen(function*() {
    const { heard, pulses } = hearing()
    const control = yield* start(Task.toLayer(() => Effect.sleep("20 millis")), { pulses })
    yield* tasks(3)
    yield* pass
    assert.deepStrictEqual(completedIn(heard), [[3]])
    yield* pass
    yield* tasks(2)
    yield* pass
    yield* tasks(4)
    yield* control.stop("drain")
    yield* Effect.raceFirst(control.ended, Effect.forever(TestClock.adjust("10 millis")))

    assert.deepStrictEqual(completedIn(heard), [[3], [2], [4]])
    const [pulse] = heard[0]!
    const run = Array.from({ length: 18 }, (_, bucket) => bucket === 4 ? 3 : 0)
    assert.deepStrictEqual([pulse?.queue, pulse?.name, pulse?.run], ["default", "task", run])
    assert.strictEqual(pulse?.wait.reduce((a, b) => a + b), 3)
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker that is killed takes the figures since its last report with it, no others", () =>
  Effect.gen(function*() {
    const { heard, pulses } = hearing()
    const control = yield* start(Task.toLayer(() => Effect.void), { pulses })
    yield* tasks(3)
    yield* pass
    yield* tasks(2)
    yield* Effect.repeat(TestClock.adjust("10 millis"), { times: 50 })

    // A process that is killed here has reported no more than this.
    const { done } = yield* control.status
    assert.deepStrictEqual([done, completedIn(heard)], [5, [[3]]])
  }).pipe(Effect.provide(MemorySchema.layer)))

it.effect("a worker that ends no run reports nothing, not even at its end", () =>
  Effect.gen(function*() {
    const { heard, pulses } = hearing()
    const control = yield* start(Task.toLayer(() => Effect.void), { pulses })
    yield* TestClock.adjust("5 minutes")
    yield* control.stop("finish")
    yield* control.ended

    assert.deepStrictEqual(heard, [])
  }).pipe(Effect.provide(MemorySchema.layer)))

for (const isOutcomeUnknown of [false, true]) {
  it.effect(
    isOutcomeUnknown
      ? "figures that may have arrived are not sent again"
      : "figures that were refused come with the next ones",
    () =>
      Effect.gen(function*() {
        const { heard, pulses } = hearing(refused(isOutcomeUnknown))
        yield* start(Task.toLayer(() => Effect.void), { pulses })
        yield* tasks(3)
        yield* pass
        yield* tasks(2)
        yield* pass

        assert.deepStrictEqual(completedIn(heard), [[3], [isOutcomeUnknown ? 2 : 5]])
      }).pipe(Effect.provide(MemorySchema.layer))
  )
}
