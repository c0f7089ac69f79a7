import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as FailureLog from "../../src/layers/FailureLog.ts"

/** Runs with the lines that are logged. */
const logging = <A, E, R>(run: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return Effect.provide(run(lines), Logger.layer([logger]))
}

const fail = (log: FailureLog.FailureLog, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) => log.warn({ id: BigInt(n), name: "mail" }, "no route\n    at send"),
    { discard: true }
  )

describe("FailureLog", () => {
  it.effect("says of each job in one line why it failed", () =>
    logging((lines) =>
      Effect.gen(function*() {
        const log = FailureLog.make()

        yield* fail(log, 2)
        yield* TestClock.adjust("1 minute")

        assert.deepStrictEqual(lines, ["job 0 (mail): no route", "job 1 (mail): no route"])
      })
    ))

  it.effect("counts what it leaves out of a flood, and goes on after it", () =>
    logging((lines) =>
      Effect.gen(function*() {
        const log = FailureLog.make()

        yield* fail(log, 5000)
        assert.lengthOf(lines, 100)
        yield* TestClock.adjust("1 second")
        yield* fail(log, 1)

        assert.deepStrictEqual(lines.slice(100), [
          "4900 more jobs failed; their errors are in the database",
          "job 0 (mail): no route"
        ])
      })
    ))
})
