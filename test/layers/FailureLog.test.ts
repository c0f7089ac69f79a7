import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as FailureLog from "../../src/layers/worker/FailureLog.ts"
import * as LogLines from "../support/LogLines.ts"

/** Runs the test with an array that receives the logged lines. */
const logging = <A, E, R>(run: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  return Effect.provide(run(lines), Logger.layer([logger]))
}

const error = "no route\n    at send"

const failed = Settlement.Failed({ error, blocksLane: false })

const fail = (log: FailureLog.FailureLog, count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, n) => n),
    (n) =>
      log.say(
        { id: BigInt(n), queue: "default", name: "mail", key: undefined, attempt: 1 },
        failed
      ),
    { discard: true }
  )

describe("FailureLog", () => {
  it.effect("says what becomes of the job", () =>
    logging((lines) =>
      Effect.gen(function*() {
        const { say } = FailureLog.make()
        const job = { id: 7n, queue: "default", name: "mail", key: "k", attempt: 2 }

        yield* say(
          job,
          Settlement.Retried({ error, delay: Duration.millis(1500.2), holdsLane: true })
        )
        yield* say(job, Settlement.Unhandled({ error, delay: Duration.seconds(30) }))
        yield* say(job, Settlement.Failed({ error, blocksLane: true }))

        assert.deepStrictEqual(lines, [
          "job 7 (mail): no route; tried again in 1s 501ms",
          "job 7 (mail): no route; tried again in 30s",
          "job 7 (mail): no route; " +
          "failed for good, and blocks its key until an operator retries or deletes it"
        ])
      })
    ))

  it.effect("says of each job in one line why it failed", () =>
    logging((lines) =>
      Effect.gen(function*() {
        const log = FailureLog.make()

        yield* fail(log, 2)
        yield* TestClock.adjust("1 minute")

        assert.deepStrictEqual(lines, [
          "job 0 (mail): no route; failed for good",
          "job 1 (mail): no route; failed for good"
        ])
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
          "job 0 (mail): no route; failed for good"
        ])
      })
    ))
  it.effect("names the queues of what it leaves out", () => {
    const lines: Array<LogLines.LogLine> = []
    return Effect.gen(function*() {
      const log = FailureLog.make()

      yield* fail(log, 150)
      yield* TestClock.adjust("1 second")

      assert.deepStrictEqual(lines.slice(100).map(({ fields }) => fields), [
        { event: "job.failures-omitted", queues: ["default"], count: 50 }
      ])
    }).pipe(Effect.provide(LogLines.into(lines)))
  })
})
