/**
 * Ids that no JavaScript number can hold. A database has such ids after long use, or because its
 * sequence was set so.
 *
 * Tests `src/layers/postgres/PgEnqueue.ts` and `src/layers/postgres/PgClaim.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Job from "../../../src/layers/job/Job.ts"
import { enqueue, enqueueAll } from "../../../src/services/Enqueue.ts"
import { queueName } from "../../Given.ts"
import { finished, finishedAll, options, producer, start, unfinished } from "../Live.ts"

const Task = Job.make("task", {
  payload: Schema.Literals(["fine", "once", "never"]),
  maxAttempts: 2,
  backoffBase: "10 millis"
})

/** Sets the id of the next job. */
const restart = Effect.fnUntraced(function*(first: bigint) {
  const sql = yield* PgClient.PgClient
  const [row] = yield* sql<{ name: string }>`
    SELECT pg_get_serial_sequence('pgq.jobs', 'id') AS name
  `
  yield* sql.unsafe(`ALTER SEQUENCE ${row!.name} RESTART WITH ${first}`).unprepared
})

layer(producer, options)("ids", (it) => {
  for (
    const [place, first] of [
      ["beyond what a number holds", 2n ** 53n + 1n],
      ["near the last of all", 2n ** 63n - 1_000_001n]
    ] as const
  ) {
    it.effect(`${place} are exact from the producer to history`, () =>
      Effect.gen(function*() {
        const queue = yield* queueName
        const ran: Array<readonly [bigint, number]> = []
        yield* restart(first)
        const handlers = Task.toLayer((payload, { attempt, id }) => {
          ran.push([id, attempt])
          return payload === "never" || (payload === "once" && attempt === 1)
            ? Effect.fail("no")
            : Effect.void
        })

        const ids = [
          yield* enqueue(Task, "fine", { queue }),
          ...yield* enqueueAll(Task, [
            { payload: "once", queue },
            { payload: "never", queue },
            { payload: "fine", queue, key: "k" },
            { payload: "once", queue, key: "k" },
            { payload: "fine", queue, key: "k" }
          ])
        ]
        yield* start(handlers, { queues: [queue] })

        const jobs = yield* finishedAll(queue, 6)
        const expected = ids.map((_, n) => first + BigInt(n))
        assert.deepStrictEqual(ids, expected)
        assert.deepStrictEqual(jobs.map(({ id }) => id).toSorted(byId), expected)
        assert.deepStrictEqual(
          jobs.filter(({ outcome }) => outcome === "failed").map(({ id }) => id),
          [first + 2n]
        )
        assert.deepStrictEqual(
          ran.filter(([, attempt]) => attempt === 2).map(([id]) => id).toSorted(byId),
          [first + 1n, first + 2n, first + 4n]
        )
        assert.deepStrictEqual(
          ran.filter(([id]) => id >= first + 3n),
          [[first + 3n, 1], [first + 4n, 1], [first + 4n, 2], [first + 5n, 1]]
        )
        assert.lengthOf(yield* unfinished(queue), 0)
      }))
  }

  it.effect("that have come to their end refuse the next job in one sentence", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      yield* restart(2n ** 63n - 1n)
      const last = yield* enqueue(Task, "fine", { queue })

      const error = yield* Effect.flip(enqueue(Task, "fine", { queue }))

      assert.strictEqual(last, 2n ** 63n - 1n)
      assert.match(error.message, /^enqueue: .*reached maximum value of sequence.*$/)
      assert.lengthOf(yield* finished(queue), 0)
    }))
})

const byId = (a: bigint, b: bigint) => a < b ? -1 : a > b ? 1 : 0
