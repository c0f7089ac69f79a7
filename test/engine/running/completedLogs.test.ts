/**
 * The log lines of jobs that a transaction completes: they are sent while the lease still stands.
 *
 * Tests `src/layers/worker/Completing.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue } from "../../../src/services/Enqueue.ts"
import { JobControl } from "../../../src/services/JobControl.ts"
import { eventually, queueName } from "../../Given.ts"
import { options, start } from "../Live.ts"
import { database } from "./Transactional.ts"

/** The lines of a job that has completed. */
const linesOf = Effect.fnUntraced(function*(id: bigint) {
  yield* eventually(
    JobControl.use((control) =>
      Effect.map(control.outcomeOf(id), (outcome) => assert.strictEqual(outcome, "completed"))
    )
  )
  return (yield* Job.logs(id)).map(({ line }) => line)
})

layer(database, options)("the log of a job that a transaction completes", (it) => {
  it.effect("has the lines of its handler, if its kind is transactional", () =>
    Effect.gen(function*() {
      const Post = Job.make("post and log", { log: {}, transactional: { timeout: "10 seconds" } })
      const queue = yield* queueName
      yield* start(Post.toLayer(() => Effect.logInfo("posted")), { queues: [queue] })

      assert.deepStrictEqual(yield* linesOf(yield* enqueue(Post, undefined, { queue })), ["posted"])
    }))

  it.effect("has the lines before its end, if it is completed by hand", () =>
    Effect.gen(function*() {
      const Charge = Job.make("charge and log", { log: {} })
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      yield* start(
        Charge.toLayer((_, job) =>
          Effect.andThen(Effect.logInfo("charging"), sql.withTransaction(job.complete(undefined)))
        ),
        { queues: [queue] }
      )

      assert.deepStrictEqual(
        yield* linesOf(yield* enqueue(Charge, undefined, { queue })),
        ["charging"]
      )
    }))

  it.effect("counts the lines that its kind leaves out", () =>
    Effect.gen(function*() {
      const log = { lines: 1 }
      const Post = Job.make("post a lot", { log, transactional: { timeout: "10 seconds" } })
      const Charge = Job.make("charge a lot", { log })
      const queue = yield* queueName
      const sql = yield* PgClient.PgClient
      const talk = Effect.forEach(["one", "two", "three"], (line) => Effect.logInfo(line))
      yield* start(
        Layer.merge(
          Post.toLayer(() => talk),
          Charge.toLayer((_, job) =>
            Effect.andThen(talk, sql.withTransaction(job.complete(undefined)))
          )
        ),
        { queues: [queue] }
      )

      for (const kind of [Post, Charge]) {
        const lines = yield* linesOf(yield* enqueue(kind, undefined, { queue }))
        assert.deepStrictEqual(lines, ["one", "2 more lines are not kept"])
      }
    }))
})
