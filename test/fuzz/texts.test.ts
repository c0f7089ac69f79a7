/**
 * Names, keys and queues of any text, from code and from SQL. Each is refused in one sentence, or
 * stored and handed out unchanged.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Random, Result, Schema } from "effect"
import type { EnqueueOptions } from "../../src/domain/JobRecord.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Job from "../../src/layers/job/Job.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { claim, settle, workerOf } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"

import { texts } from "./corpus/texts.ts"
import * as Fuzz from "./Fuzz.ts"

interface Case {
  readonly name: string
  readonly key: string | undefined
  readonly queue: string
}

/** The text as the name, as the key and as the queue of a job. */
const cases = (text: string): ReadonlyArray<Case> => [
  { name: text, key: undefined, queue: "names" },
  { name: "a", key: text, queue: "keys" },
  { name: "a", key: undefined, queue: text }
]

const randomCases = Effect.gen(function*() {
  const found: Array<Case> = []
  while (found.length < 45 * Fuzz.times) found.push(...cases(yield* Fuzz.text))
  return found
}).pipe(Random.withSeed(Fuzz.seed))

const all = Effect.map(
  randomCases,
  (random) => [...Object.values(texts).flatMap(cases), ...random]
)

/** Asserts that the only job of the queue is claimed unchanged and can be completed. */
const roundTrip = Effect.fnUntraced(function*({ key, name, queue }: Case) {
  const worker = yield* workerOf(queue)
  const jobs = yield* claim({ queue, worker })
  assert.deepStrictEqual(
    jobs.map((job) => ({ name: job.name, key: job.key })),
    [{ name, key }]
  )
  assert.deepStrictEqual(yield* settle(jobs, Settlement.Completed()), [])
})

const fromCode = ({ key, name, queue }: Case) => {
  const options: EnqueueOptions = { key, queue }
  return enqueue(Job.make(name, { payload: Schema.Unknown }), {}, options)
}

const bySql = (sql: PgClient.PgClient, { key, name, queue }: Case) =>
  sql`SELECT pgq.enqueue(${name}, key => ${key ?? null}, queue => ${queue})`

layer(PgQueue.layer, { excludeTestServices: true, timeout: "1 minute" })("a text", (it) => {
  it.effect(
    "as a name, key or queue from code is refused with a reason, or kept as it is",
    () =>
      Effect.gen(function*() {
        let stored = 0
        for (const each of yield* all) {
          const what = JSON.stringify(each).slice(0, 200)
          const added = yield* Fuzz.soon(what, Effect.result(fromCode(each)))
          if (Result.isFailure(added)) {
            assert.strictEqual(added.failure._tag, "JobInvalid", what)
            assert.match(added.failure.message, /^the (job's name|key|queue's name) /)
            continue
          }
          stored++
          yield* Fuzz.soon(what, roundTrip(each))
        }
        assert.isAbove(stored, 80)
      }),
    60_000
  )

  it.effect(
    "from SQL is refused by a constraint exactly where code refuses it",
    () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        for (const each of yield* all) {
          const what = JSON.stringify(each).slice(0, 200)
          const inCode = Effect.provideService(fromCode(each), JobRepo, accepting)
          const isFine = Result.isSuccess(yield* Effect.result(inCode))
          const added = yield* Fuzz.soon(what, Effect.result(bySql(sql, each)))
          // An unpaired surrogate does not reach the server: the driver sends another character in
          // its place.
          if (!`${each.name}${each.key}${each.queue}`.isWellFormed()) {
            yield* sql`DELETE FROM pgq.jobs`
            continue
          }
          assert.strictEqual(Result.isSuccess(added), isFine, what)
          if (Result.isSuccess(added)) yield* Fuzz.soon(what, roundTrip(each))
          else {assert.match(
              storeError("sql")(added.failure).code ?? "",
              /^(22021|23514|54000)$/,
              what
            )}
        }
      }),
    60_000
  )
})

const accepting: JobRepo["Service"] = {
  enqueue: () => Effect.succeed([1n]),
  offer: () => Effect.succeed([]),
  claim: () => Effect.succeed({ jobs: [], isBehind: false }),
  settle: () => Effect.succeed({ lost: [], rowLocked: [], hasMadeReady: false }),
  hasUnstarted: () => Effect.succeed(false)
}
