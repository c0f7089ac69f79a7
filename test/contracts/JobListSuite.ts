/**
 * The contract of `Insight.jobs`. Each implementation runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Duration, Effect, type Layer, Schema } from "effect"
import { JobPage, type JobSearch } from "../../src/domain/JobList.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import { Insight } from "../../src/services/Insight.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import type { JobRepo } from "../../src/services/JobRepo.ts"
import { PauseControl } from "../../src/services/PauseControl.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, enqueue, queueName, settle, workerOf } from "../Given.ts"

const delay = Duration.hours(1)

const jobs = (search: JobSearch) => Insight.use((insight) => insight.jobs(search))

/** The ids of all parts of a list. */
const idsOf = Effect.fnUntraced(function*(query: string, limit?: number) {
  const found: Array<string> = []
  let after: string | undefined
  do {
    const { items, next, scanned } = yield* jobs({ query, after, limit })
    assert.strictEqual(scanned.isComplete, next === null)
    found.push(...items.map(({ id }) => id))
    after = next ?? undefined
  } while (after !== undefined)
  return found
})

const text = (ids: ReadonlyArray<bigint>): ReadonlyArray<string> => ids.map(String)

const first = (priority: number, more: object = {}) => ({ priority, ...more })

/** A queue with a job in each state, and their ids by it. */
const everyState = Effect.gen(function*() {
  const queue = yield* queueName
  const worker = yield* workerOf(queue)
  const ids = yield* enqueue(
    queue,
    first(19, { key: "run" }),
    first(18, { key: "block" }),
    first(17, {
      key: "retry",
      payload: "{\"to\": \"ada@example.com\", \"n\": 12345678901234567890}"
    }),
    first(16, { name: "send-mail", key: "customer 7" }),
    first(15, { name: "send-text" })
  )
  const [running, blocked, retried, completed, failed] = yield* claim({ queue, worker, limit: 5 })
  yield* settle([blocked!], Settlement.Failed({ error: "no luck", blocksLane: true }))
  yield* settle([retried!], Settlement.Retried({ error: "Time out\nat x", delay, holdsLane: true }))
  yield* settle([completed!], Settlement.Completed())
  yield* settle([failed!], Settlement.Failed({ error: "100% wrong\nat y", blocksLane: false }))
  const [waiting, scheduled, ready, cancelled] = yield* enqueue(
    queue,
    { key: "run" },
    { delay },
    {},
    { name: "sms" }
  )
  yield* JobControl.use((control) => control.cancel([cancelled!], {}))
  assert.deepStrictEqual([running, blocked].map((job) => job?.id), ids.slice(0, 2))
  return {
    queue,
    worker,
    ids: {
      running: running!.id,
      blocked: blocked!.id,
      retry: retried!.id,
      completed: completed!.id,
      failed: failed!.id,
      waiting: waiting!,
      scheduled: scheduled!,
      ready: ready!,
      cancelled: cancelled!
    }
  }
})

type Services = Insight | JobControl | JobRepo | PauseControl | WorkerRegistry

export const suite = (name: string, store: Layer.Layer<Services, unknown>) =>
  withLayer(store, { timeout: "60 seconds", excludeTestServices: true })(
    `lists of jobs (${name})`,
    (it) => {
      it.effect("find jobs by each term", () =>
        Effect.gen(function*() {
          const { ids, queue, worker } = yield* everyState
          const { blocked, cancelled, completed, failed } = ids
          const { ready, retry, running, scheduled, waiting } = ids

          for (const [state, id] of Object.entries(ids)) {
            assert.deepStrictEqual(
              yield* idsOf(`state:${state} queue:${queue}`),
              [String(id)],
              state
            )
            assert.deepStrictEqual(yield* idsOf(String(id)), [String(id)], state)
          }
          const open = [ready, scheduled, waiting, retry, blocked, running]
          const all = [...open, cancelled, failed, completed]
          for (
            const [query, found] of [
              ["state:ready,waiting,retry", [ready, waiting, retry]],
              [`id:${retry}..${waiting} state:retry,waiting`, [waiting, retry]],
              ["outcome:failed,completed", [failed, completed]],
              ["name:send-*", [failed, completed]],
              ["name:*-mail outcome:completed", [completed]],
              ["kind:send", []],
              ["name:send-*-", []],
              ["key:run", [waiting, running]],
              ["key:\"customer 7\"", [completed]],
              ["key:run state:ready", []],
              ["prio:>=18", [blocked, running]],
              ["prio:15..16", [failed, completed]],
              ["attempt:1", [retry, blocked, running, failed, completed]],
              ["attempt:0", [ready, scheduled, waiting, cancelled]],
              [`worker:${worker}`, [running]],
              ["worker:te*", [running]],
              ["worker:te", []],
              ["error:LUCK", [blocked]],
              ["error:0%", [failed]],
              ["error:\"at y\"", [failed]],
              ["error:%", [failed]],
              ["text:ADA@", [retry]],
              ["text:\"at x\"", [retry]],
              ["payload.to:ada@example.com", [retry]],
              ["payload.n:12345678901234567890", [retry]],
              ["payload.n:\"12345678901234567890\"", []],
              ["payload.to:ada@example.com payload.n:1", []],
              ["since:1h", all],
              ["older:1h", []],
              ["since:2000-01-01 older:0s", all],
              ["", all]
            ] as const
          ) {
            assert.deepStrictEqual(yield* idsOf(`queue:${queue} ${query}`), text(found), query)
          }
          // Without a queue, a key is looked for in all of them.
          const every = yield* idsOf("key:run")
          assert.includeMembers([...every], [...text([waiting, running])])
        }))

      it.effect("show a job with values of JSON alone", () =>
        Effect.gen(function*() {
          const { ids, queue } = yield* everyState
          const page = yield* jobs({ query: `queue:${queue}` })
          const read = yield* Schema.decodeUnknownEffect(JobPage)(JSON.parse(JSON.stringify(page)))
          assert.deepStrictEqual(read, page)

          const of = (id: bigint) => page.items.find((row) => row.id === String(id))
          const { createdAt, dueAt, ...retry } = of(ids.retry)!
          assert.deepStrictEqual(retry, {
            id: String(ids.retry),
            state: "retry",
            name: "greet",
            queue,
            key: "retry",
            priority: 17,
            attempt: 1,
            maxAttempts: null,
            endedAt: null,
            worker: null,
            error: "Time out"
          })
          assert.isAbove(Date.parse(dueAt!), Date.parse(createdAt))
          assert.deepInclude(of(ids.running), { worker: "test", attempt: 1, dueAt: null })
          assert.deepInclude(of(ids.blocked), { dueAt: null, error: "no luck" })
          assert.deepInclude(of(ids.completed), { worker: null, name: "send-mail", attempt: 1 })
          assert.isAtLeast(
            Date.parse(of(ids.failed)!.endedAt!),
            Date.parse(of(ids.failed)!.createdAt)
          )
          assert.isAtLeast(page.scanned.rows, 9)
        }))

      it.effect("find no job by the text of a payload with a secret", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const [plain] = yield* enqueue(
            queue,
            { payload: "{\"about\":\"hunter2: the \\\"secret\\\": x\",\"n\":[\"secret\"]}" },
            { payload: "{\"to\":\"hunter2\",\"a\":[{\"b\":{\"PassWord\":1}}]}" },
            { payload: "{\"x \\\"to\\u006ben\\\" \\\\\\\"y\":\"hunter2\"}" },
            { payload: "{\"hunter2\":\"\",\"AUTHORIZATION\":null}" }
          )
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} text:hunter2`), text([plain!]))

          const claimed = yield* claim({ queue, worker, limit: 2 })
          yield* settle(
            claimed,
            Settlement.Failed({ error: "hunter2 is no name", blocksLane: false })
          )
          const ended = text(claimed.map(({ id }) => id).toReversed())
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} text:hunter2`), ended)
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} text:"hunter2:"`), text([plain!]))
        }))

      it.effect("show jobs of pauses as paused", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const [a, b] = yield* enqueue(queue, {}, { name: "sms" })
          const control = yield* PauseControl
          yield* control.pause({ queue, name: "sms" }, {})
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} state:paused`), text([b!]))
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} state:ready`), text([a!]))
          // A claim sets the job aside.
          yield* claim({ queue, worker: yield* workerOf(queue), limit: 2 })
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} state:paused`), text([b!]))
          assert.deepStrictEqual(yield* idsOf(`queue:${queue} state:blocked,scheduled`), [])
        }))

      it.effect("have parts that follow each other", () =>
        Effect.gen(function*() {
          const { ids, queue } = yield* everyState
          const { blocked, cancelled, completed, failed } = ids
          const { ready, retry, running, scheduled, waiting } = ids
          const open = [ready, scheduled, waiting, retry, blocked, running]
          const all = text([...open, cancelled, failed, completed])
          for (const limit of [1, 2, 3, 6, 9, 100]) {
            assert.deepStrictEqual(yield* idsOf(`queue:${queue}`, limit), all, String(limit))
            // Among the jobs of others.
            const every = yield* idsOf(`since:1h name:*`, limit + 20)
            assert.deepStrictEqual(every.filter((id) => all.includes(id)), all, String(limit))
          }
        }))

      it.effect("show no job twice, and leave none out that stays", () =>
        Effect.gen(function*() {
          const queue = yield* queueName
          const worker = yield* workerOf(queue)
          const stay = yield* enqueue(queue, ...Array.from({ length: 12 }, () => ({ delay })))
          yield* enqueue(queue, ...Array.from({ length: 6 }, () => ({})))
          yield* settle(yield* claim({ queue, worker, limit: 3 }), Settlement.Completed())
          const seen: Array<string> = []
          let after: string | undefined
          do {
            const { items, next } = yield* jobs({ query: `queue:${queue}`, limit: 2, after })
            seen.push(...items.map(({ id }) => id))
            after = next ?? undefined
            yield* enqueue(queue, {}, { delay })
            yield* settle(yield* claim({ queue, worker, limit: 2 }), Settlement.Completed())
          } while (after !== undefined)

          assert.strictEqual(new Set(seen).size, seen.length)
          assert.includeMembers(seen, [...text(stay)])
        }))

      it.effect("refuse what cannot be meant", () =>
        Effect.gen(function*() {
          const invalid = yield* Effect.flip(jobs({ query: "queue:mail ada" }))
          assert.deepInclude(invalid, { _tag: "JobQueryInvalid", position: 11 })
          for (
            const search of [{ limit: 0 }, { limit: 1001 }, { limit: 0.5 }, { after: "x" }, {
              after: Buffer.from("{\"at\":-1}").toString("base64url")
            }]
          ) {
            assert.strictEqual((yield* Effect.flip(jobs(search)))._tag, "JobInvalid")
          }
        }))
    }
  )
