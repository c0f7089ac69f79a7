/**
 * Payloads of every kind, by SQL and from code. Each is refused, or stored so that its job runs to
 * an end.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { newJob } from "../../src/domain/JobRecord.ts"
import * as Job from "../../src/layers/job/Job.ts"
import { storeError } from "../../src/layers/postgres/PgError.ts"
import { enqueue } from "../../src/services/Enqueue.ts"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { finishedAll, options, producer, start } from "../engine/Live.ts"
import { queueName } from "../Given.ts"
import { values } from "./corpus/outcomes.ts"
import { payloads, tooDeep } from "./corpus/payloads.ts"
import * as Fuzz from "./Fuzz.ts"

const Anything = Job.make("anything", { payload: Schema.Unknown, maxAttempts: 1 })

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

layer(producer, options)("a payload", (it) => {
  it.effect("by SQL is refused, or its job runs to an end", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient
      const queue = yield* queueName
      let stored = 0
      for (const [what, payload] of Object.entries({ ...payloads, ...tooDeep })) {
        const insert = sql`
          INSERT INTO pgq.jobs (queue, name, payload)
          VALUES (${queue}, 'anything', (${payload}::text)::jsonb)
        `
        const added = yield* Fuzz.soon(what, Effect.result(insert))
        if (Result.isSuccess(added)) stored++
        else {
          const { code } = storeError("sql")(added.failure)
          assert.match(code ?? "", /^(22|23514|54)/, what)
        }
      }
      assert.isAbove(stored, 20)

      const seen: Array<unknown> = []
      yield* start(Anything.toLayer((payload) => void seen.push(payload)), { queues: [queue] })

      const jobs = yield* finishedAll(queue, stored)
      // JavaScript reads a number beyond a double as infinite, so the job fails at once with this
      // error.
      const failed = jobs.filter(({ outcome }) => outcome !== "completed")
      assert.isAtMost(failed.length, 3)
      for (const { error } of failed) assert.include(error, "too large for JavaScript")
      assert.lengthOf(seen, stored - failed.length)
      assert.isUndefined(Reflect.get({}, "polluted"))
      assert.isTrue(seen.filter(isObject).every((value) => !Reflect.has(value, "polluted")))
    }))

  it.effect("as text is refused by the check exactly where the table refuses it", () =>
    Effect.gen(function*() {
      const repo = yield* JobRepo
      const queue = yield* queueName
      for (const [what, payload] of Object.entries({ ...payloads, ...tooDeep })) {
        const checked = newJob("anything", payload, { queue })
        if (Result.isFailure(checked)) continue
        const added = yield* Fuzz.soon(what, Effect.result(repo.enqueue([checked.success])))
        // If the table refuses a payload that the check let through, the error must be clear and
        // not transient.
        if (Result.isFailure(added)) {
          assert.isFalse(added.failure.isTransient, what)
          assert.match(added.failure.code ?? "", /^(22|23514|54)/, what)
        }
      }
    }))

  it.effect("as a value of any kind is refused as invalid, or stored", () =>
    Effect.gen(function*() {
      const queue = yield* queueName
      for (const [what, make] of Object.entries(values)) {
        const added = yield* Fuzz.soon(
          what,
          Effect.exit(Effect.result(enqueue(Anything, make(), { queue })))
        )
        assert.strictEqual(added._tag, "Success", what)
        if (added._tag === "Success" && Result.isFailure(added.value)) {
          assert.match(added.value.failure._tag, /^(JobInvalid|PayloadInvalid)$/, what)
        }
      }
    }))
})
