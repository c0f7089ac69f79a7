/**
 * The contract of the HTTP API. Each store runs this suite.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import { Effect, type Layer, Result, Schema } from "effect"
import * as Overview from "../../src/domain/Overview.ts"
import { Settlement } from "../../src/domain/Settlement.ts"
import * as Verdict from "../../src/domain/Verdict.ts"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import type { WorkerRegistry } from "../../src/services/WorkerRegistry.ts"
import { claim, queueName, settle, workerOf } from "../Given.ts"
import * as Socket from "../http/Socket.ts"

const access = () => Effect.succeed(Access.full("ada"))

interface Said {
  readonly status: number
  readonly [member: string]: unknown
}

const of = (answer: Socket.Answer): Said => ({
  status: answer.status,
  etag: answer.headers["etag"],
  ...Result.getOrElse(Result.try(() => Socket.json(answer)), () => ({ text: answer.text }))
})

/** Asks the API. The answer has its status beside its body. */
const opened = Effect.gen(function*() {
  const ask = yield* Socket.open(AdminApi.layer({ access }))
  const send = (method: string) => (path: string, body: unknown = {}, headers = {}) =>
    Effect.map(
      ask(`/api/v1${path}`, { method, body, headers: { ...Socket.change, ...headers } }),
      of
    )
  const post = send("POST")
  return {
    get: (path: string) => Effect.map(ask(`/api/v1${path}`), of),
    post,
    patch: send("PATCH"),
    /** Adds jobs of a queue, and answers their ids. */
    add: (queue: string, ...jobs: ReadonlyArray<object>) =>
      Effect.map(
        post("/jobs", { jobs: jobs.map((job) => ({ name: "greet", queue, ...job })) }),
        ({ ids }) => Array.from(Object(ids), String)
      )
  }
})

type Services = AdminApi.Services | WorkerRegistry

export const suite = (name: string, store: Layer.Layer<Services, unknown>) =>
  withLayer(store, { timeout: "60 seconds", excludeTestServices: true })(
    `the HTTP API (${name})`,
    (it) => {
      it.effect("adds jobs with their payloads as they are written", () =>
        Effect.gen(function*() {
          const { get, post } = yield* opened
          const payload = "{\"id\": 12345678901234567890, \"big\": 1.10, \"a,]\": [1,2]}"
          const body = `{"jobs": [
            {"name": "one", "payload": ${payload}, "priority": 5, "key": "k"},
            {"name": "two", "delaySeconds": 3600, "maxAttempts": 2}
          ]}`
          const { ids, status } = yield* post("/jobs", body)
          const [one, two] = Array.from(Object(ids), String)

          assert.strictEqual(status, 200)
          const stored = yield* get(`/job/${one}/payload`)
          assert.deepInclude(stored, JSON.parse(payload))
          const first = yield* get(`/job/${one}`)
          assert.include(String(first["payload"]), "12345678901234567890")
          assert.include(String(first["payload"]), "1.10")
          const second = yield* get(`/job/${two}`)
          assert.deepInclude(second, { id: two, name: "two", state: "waiting", payload: "{}" })
          assert.include(JSON.stringify(second["why"]), "\"code\":\"scheduled\"")
        }))

      it.effect("adds all jobs or none, and only those that can be meant", () =>
        Effect.gen(function*() {
          const { post } = yield* opened
          const right = { name: "greet" }

          for (
            const [jobs, where] of [
              [[right, { name: "" }], "name is empty"],
              [[right, { name: "greet", payloads: {} }], "payloads"],
              [[right, { name: "greet", id: 7 }], "\"id\""],
              [[right, { name: "greet", runAt: "tomorrow" }], "not a time with a zone"],
              [[right, { name: "greet", priority: 0.5 }], "priority"],
              [[right, { ...right, expiresInSeconds: 1, expiresAt: "2030-01-01T00:00:00Z" }], ""],
              [[], "jobs"],
              [Array.from({ length: 1001 }, () => right), "jobs"]
            ] as const
          ) {
            const answer = yield* post("/jobs", { jobs })
            assert.strictEqual(answer.status, 400, JSON.stringify(answer))
            assert.include(JSON.stringify(answer), where)
          }
          assert.strictEqual((yield* post("/jobs", "{\"jobs\": [")).status, 400)
        }))

      it.effect("finds the job that has the unique key", () =>
        Effect.gen(function*() {
          const { add } = yield* opened
          const queue = yield* queueName
          const job = { uniqueKey: queue }

          const [first] = yield* add(queue, job)
          const [again, other] = yield* add(queue, job, {})
          assert.strictEqual(again, first)
          assert.notStrictEqual(other, first)
        }))

      it.effect("edits a job that is as the sender has seen it", () =>
        Effect.gen(function*() {
          const { add, get, patch } = yield* opened
          const [id] = yield* add(yield* queueName, { payload: { to: "ada" } })
          const seen = yield* get(`/job/${id}`)
          const match = { "if-match": String(seen["etag"]) }

          const edited = yield* patch(`/job/${id}`, "{\"payload\": 12345678901234567890}", match)
          assert.deepInclude(edited, { status: 200, answer: "edited" })
          const late = yield* patch(`/job/${id}`, { priority: 9 }, match)
          assert.deepInclude(late, { status: 412, type: "urn:pgq:problem:changed" })
          assert.strictEqual((yield* patch(`/job/${id}`, { priority: 9 })).status, 200)
          assert.strictEqual((yield* get(`/job/${id}`))["payload"], "12345678901234567890")
          assert.strictEqual((yield* patch(`/job/${id}`, {})).status, 400)
          assert.strictEqual((yield* patch(`/job/${id}`, { queue: "other" })).status, 400)
        }))

      it.effect("cancels, discards and retries jobs that wait", () =>
        Effect.gen(function*() {
          const { add, get, post } = yield* opened
          const [one, two, three] = yield* add(yield* queueName, {}, {}, { delaySeconds: 3600 })

          const cancelled = yield* post(`/job/${one}/cancel`, { reason: "customer left" })
          assert.deepInclude(cancelled, { status: 200, answer: "cancelled" })
          const again = yield* post(`/job/${one}/cancel`)
          assert.deepInclude(again, { status: 409, type: "urn:pgq:problem:ended" })
          assert.deepInclude(yield* get(`/job/${one}`), { state: "cancelled", payload: null })
          assert.strictEqual((yield* get(`/job/${one}/payload`)).status, 409)
          assert.strictEqual((yield* post(`/job/${one}/retry`))["answer"], "redriven")
          assert.strictEqual((yield* post(`/job/${one}/retry`))["answer"], "queued")
          assert.strictEqual((yield* post(`/job/${two}/discard`))["answer"], "discarded")
          assert.strictEqual((yield* post(`/job/${three}/retry`))["answer"], "retried")
        }))

      it.effect("shows a lane in parts, the longest lanes, and the lane of a job", () =>
        Effect.gen(function*() {
          const { add, get } = yield* opened
          const queue = yield* queueName
          const key = "a/b ?&"
          const ids = yield* add(queue, ...Array.from({ length: 4 }, () => ({ key })))
          const path = `/lane?${new URLSearchParams({ queue, key, limit: "2" }).toString()}`

          const first = yield* get(path)
          const rest = yield* get(`${path}&after=${first["next"]}`)

          assert.strictEqual(Object(first["head"]).id, ids[0])
          assert.deepStrictEqual(first["behindCount"], { value: 3, precision: "exact" })
          const behind = [first, rest].flatMap((part) => Array.from(Object(part["behind"])))
          assert.deepStrictEqual(behind.map((job) => Object(job).id), ids.slice(1))
          assert.isNull(rest["next"])
          assert.deepInclude(yield* get(`/job/${ids[3]}`), { queue, key })
          // Lanes of other tests may be longer.
          const { isSampled, items } = yield* get("/lanes?by=longest")
          assert.strictEqual(isSampled, false)
          assert.containsAllKeys(Object(items)[0], ["key", "behind", "state"])
          assert.deepInclude(yield* get(`${path}&after=x`), { status: 400 })
          assert.deepInclude(yield* get(`/lane?queue=${queue}&key=`), { status: 400 })
          assert.deepInclude(yield* get(`/lane?queue=${queue}&key=none`), { head: null })
        }))

      it.effect("leaves a job to its worker, and tells the worker to stop it", () =>
        Effect.gen(function*() {
          const { add, get, patch, post } = yield* opened
          const queue = yield* queueName
          const [id] = yield* add(queue, {})
          const worker = yield* workerOf(queue)
          const jobs = yield* claim({ queue, worker })

          const held = { status: 409, type: "urn:pgq:problem:held", by: "worker" }
          assert.deepInclude(yield* post(`/job/${id}/discard`), held)
          assert.deepInclude(yield* post(`/job/${id}/retry`), held)
          assert.deepInclude(yield* patch(`/job/${id}`, { priority: 1 }), held)
          assert.deepInclude(yield* post(`/job/${id}/cancel`), { answer: "stopping", worker })

          yield* settle(jobs, Settlement.Failed({ error: "no", blocksLane: false }))
          assert.deepInclude(yield* get(`/job/${id}`), { state: "failed" })
          const { items } = yield* get(`/job/${id}/runs?limit=5`)
          assert.deepInclude(Object(items)[0], { attempt: 1, worker, outcome: "failed" })
        }))

      it.effect("says of a job that there never was, that there is none", () =>
        Effect.gen(function*() {
          const { get, patch, post } = yield* opened
          const none = { status: 404, type: "urn:pgq:problem:job-not-found" }

          for (const id of ["999999999999", "9223372036854775807"]) {
            for (const  of of["", "/why", "/payload"]) {
              assert.deepInclude(yield* get(`/job/${id}${of}`), none, of)
            }
            for (const  of of["/cancel", "/discard", "/retry"]) {
              assert.deepInclude(yield* post(`/job/${id}${of}`), none, of)
            }
            assert.deepInclude(yield* patch(`/job/${id}`, { priority: 1 }), none)
          }
          for (const id of ["9223372036854775808", "-1", "1e3", "one", "%00", "1%2f..%2f2"]) {
            assert.strictEqual((yield* get(`/job/${id}`)).status, 400, id)
          }
        }))

      it.effect("looks at queues, workers and lanes, and has a verdict", () =>
        Effect.gen(function*() {
          const { add, get } = yield* opened
          const queue = yield* queueName
          yield* add(queue, {}, {}, { delaySeconds: 3600 })
          const of = (name: string) =>
            Effect.map(get(name), ({ items }) => Array.from(Object(items)))
          const isOfQueue = (one: unknown) => Object(one).queue === queue

          const { overview, verdict } = yield* get("/overview")
          const seen = yield* Schema.decodeUnknownEffect(Overview.Overview)(overview)
          assert.deepStrictEqual(verdict, Verdict.of(seen))
          const counts = { ready: { value: 2, precision: "exact" }, workers: 0 }
          assert.deepInclude(Object(overview).queues.find(isOfQueue), counts)
          assert.deepInclude((yield* of("/queues")).find(isOfQueue), counts)
          assert.deepInclude(yield* get(`/queue?queue=${queue}`), counts)

          const worker = yield* workerOf(queue)
          const workers = (yield* of("/workers")).map((one) => Object(one).id)
          assert.include(workers, worker)
          assert.strictEqual((yield* get("/lanes?by=retrying")).status, 200)
          for (const path of ["/lanes", "/lanes?by=length", "/queue?queue=", "/queue"]) {
            assert.strictEqual((yield* get(path)).status, 400, path)
          }
        }))

      it.effect("groups failures, and looks again after ten seconds at the earliest", () =>
        Effect.gen(function*() {
          const { get } = yield* opened
          const queue = yield* queueName
          const path = `/failures?queue=${queue}`
          const since = "&since=2030-01-31T09:00:00Z"

          const first = yield* get(path)
          const second = yield* get(path)
          const other = yield* get(path + since)

          assert.deepInclude(first, { status: 200, groups: [], isComplete: true })
          assert.deepStrictEqual(second, first)
          assert.strictEqual(other["since"], "2030-01-31T09:00:00.000Z")
          for (const query of ["?since=yesterday", "?queue=", "?group=1"]) {
            assert.strictEqual((yield* get(`/failures${query}`)).status, 400, query)
          }
        }))

      it.effect("lists the jobs that a search finds, in parts", () =>
        Effect.gen(function*() {
          const { add, get } = yield* opened
          const queue = yield* queueName
          const ids = yield* add(queue, {}, { delaySeconds: 3600 }, { payload: { to: "ada" } })
          const of = (q: string, more = "") => get(`/jobs?q=${encodeURIComponent(q)}${more}`)

          const first = yield* of(`queue:${queue}`, "&limit=2")
          assert.strictEqual(first.status, 200)
          const next = encodeURIComponent(String(first["next"]))
          const rest = yield* of(`queue:${queue}`, `&limit=2&after=${next}`)
          const rows = [...Object(first["items"]), ...Object(rest["items"])]
          assert.deepStrictEqual(rows.map(({ id }) => id), ids.toReversed())
          assert.deepInclude(rows[1], { state: "scheduled", queue, endedAt: null })
          assert.deepInclude(rest, { next: null })
          assert.deepInclude(Object(rest["scanned"]), { isComplete: true })
          const found = yield* of(`queue:${queue} payload.to:ada`)
          assert.deepStrictEqual(Object(found["items"]).length, 1)

          const wrong = yield* of(`queue:${queue} ada`)
          assert.deepInclude(wrong, {
            status: 400,
            type: "urn:pgq:problem:bad-request",
            position: queue.length + 7
          })
          assert.include(String(wrong["detail"]), "try name:ada")
          for (const more of ["&limit=201", "&limit=0", "&after=x", "&order=id"]) {
            assert.strictEqual((yield* of("", more)).status, 400, more)
          }
        }))

      it.effect("asks workers to stop", () =>
        Effect.gen(function*() {
          const { post } = yield* opened
          const worker = yield* workerOf(yield* queueName)

          const answers = [
            yield* post(`/worker/${worker}/stop`, { mode: "finish" }),
            yield* post(`/worker/${worker}/stop`, { mode: "drain" })
          ]
          const statuses = [
            yield* post(`/worker/${crypto.randomUUID()}/stop`, { mode: "drain" }),
            yield* post(`/worker/${worker}/stop`, { mode: "kill" })
          ]

          assert.deepStrictEqual(answers.map(({ answer }) => answer), ["asked", "already asked"])
          assert.deepStrictEqual(statuses.map(({ status }) => status), [404, 400])
        }))

      it.effect("pauses and resumes queues, sets objectives, and says so", () =>
        Effect.gen(function*() {
          const { add, get, patch } = yield* opened
          const queue = yield* queueName
          yield* add(queue, {})
          const of = `/queue?queue=${queue}`

          const paused = yield* patch(of, { paused: true, reason: "month end", forSeconds: 600 })
          assert.deepInclude(paused, { status: 200, answer: "paused" })
          const { items } = yield* get("/pauses")
          const found = Array.from(Object(items)).find((one) => Object(one).queue === queue)
          assert.deepInclude(found, { name: null, reason: "month end", cancelsRunning: false })
          const why = yield* get(`/queue/why?queue=${queue}`)
          assert.include(JSON.stringify(why), "queue-paused")
          assert.strictEqual((yield* patch(of, { paused: false }))["answer"], "resumed")
          assert.strictEqual((yield* patch(of, { paused: false }))["answer"], "not paused")

          const answers = [
            yield* patch(of, { objectiveSeconds: 300 }),
            yield* patch(of, { objectiveSeconds: null }),
            yield* patch(of, { objectiveSeconds: null })
          ]
          assert.deepStrictEqual(answers.map(({ answer }) => answer), ["set", "cleared", "not set"])
          const mistakes = [
            yield* patch(of, {}),
            yield* patch(of, { paused: false, objectiveSeconds: 1 }),
            yield* patch(of, { objectiveSeconds: 0 }),
            yield* patch(`${of}&name=greet`, { objectiveSeconds: 1 })
          ]
          assert.deepStrictEqual(mistakes.map(({ status }) => status), [400, 400, 400, 400])

          assert.strictEqual((yield* patch("/queue", { paused: true })).status, 400)
          assert.strictEqual((yield* get("/queue/why?queue=")).status, 400)
        }))
    }
  )
