/**
 * Operations by HTTP: planned by one client, run and undone by another.
 *
 * Tests `src/http/OperationsLive.ts`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Deferred, Effect, Exit } from "effect"
import { createServer, request } from "node:http"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import { JobControl } from "../../src/services/JobControl.ts"
import { enqueue, queueName } from "../Given.ts"
import * as HeldOperations from "../support/HeldOperations.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Socket from "./Socket.ts"

interface Said {
  readonly status: number
  readonly [member: string]: unknown
}

const said = (answer: Socket.Answer): Said => ({ status: answer.status, ...Socket.json(answer) })

/** Asks the API as somebody with these rights, or with all. */
const opened = Effect.fnUntraced(function*(rights?: ReadonlyArray<Access.Right>) {
  const actor = rights === undefined
    ? Access.full("ada")
    : { actor: "bob", rights: new Set(rights) }
  const ask = yield* Socket.open(AdminApi.layer({ access: () => Effect.succeed(actor) }))
  return {
    get: (path: string) => Effect.map(ask(`/api/v1/operations${path}`), said),
    post: (path: string, body: unknown = {}) =>
      Effect.map(
        ask(`/api/v1/operations${path}`, { method: "POST", body, headers: Socket.change }),
        said
      )
  }
})

const search = (query: string) => ({ action: "retry", query })

const some = Effect.fnUntraced(function*(count: number) {
  const queue = yield* queueName
  const ids = yield* enqueue(queue, ...Array.from({ length: count }, () => ({})))
  return ids.map(String)
})

layer(PgQueue.layer, { excludeTestServices: true, timeout: "60 seconds" })(
  "the operations of the HTTP API",
  (it) => {
    it.effect("are planned, looked at, run and undone", () =>
      Effect.gen(function*() {
        const { get, post } = yield* opened()
        const ids = yield* some(3)
        const id = crypto.randomUUID()
        const plan = yield* post("", { id, action: "discard", ids, reason: "a mistake" })
        const again = yield* post("", { id, action: "discard", ids: [] })
        const found = yield* get(`/${id}`)
        const done = yield* post(`/${id}/run`)
        const page = yield* get(`/${id}/items?limit=2&after=${ids[0]}`)
        const undone = yield* post(`/${id}/undo`)
        const list = yield* get("?limit=1")

        assert.deepInclude(plan, { status: 200, id, actor: "ada", planned: 3, state: "planned" })
        assert.deepStrictEqual([again, found], [plan, plan])
        assert.deepInclude(done, { status: 200, state: "done", done: 3 })
        assert.deepStrictEqual(
          Array.from(Object(page["items"]), (item) => Object(item).id),
          ids.slice(1)
        )
        assert.deepInclude(undone, { status: 200, state: "undone", undone: 3 })
        const { status: _, ...row } = undone
        assert.deepStrictEqual(list, { status: 200, items: [row] })
      }))

    it.effect("are run to their end if the client leaves", () =>
      Effect.gen(function*() {
        const { get, post } = yield* opened()
        const { id } = yield* post("", { action: "discard", ids: yield* some(3) })
        const node = createServer()
        const port = yield* Socket.serve(
          AdminApi.layer({ access: () => Effect.succeed(Access.full("ada")) }),
          node
        )
        const gate = yield* HeldOperations.close

        const hasLeft = yield* Deferred.make<void>()
        node.on("request", (_, response) =>
          response.on("close", () => Deferred.doneUnsafe(hasLeft, Exit.void)))
        const client = request({
          host: "127.0.0.1",
          port,
          path: `/api/v1/operations/${id}/run`,
          method: "POST",
          headers: Socket.change
        })
        client.on("error", () =>
          undefined).end("{}")
        yield* gate.isReached
        client.destroy()
        yield* Deferred.await(hasLeft)
        yield* gate.open

        const isDone = Effect.map(get(`/${id}`), ({ state }) => state === "done")
        yield* Effect.repeat(isDone, { until: (done) => done })
        assert.deepInclude(yield* get(`/${id}`), { state: "done", done: 3, left: 0 })
      }))

    it.effect("take a payload as it is written", () =>
      Effect.gen(function*() {
        const { post } = yield* opened()
        const [job = ""] = yield* some(1)
        const body = `{"action":"edit","ids":["${job}"],"change":{"payload":12345678901234567890}}`
        const plan = yield* post("", body)
        yield* post(`/${plan["id"]}/run`)
        const stored = yield* JobControl.use((control) => control.find(BigInt(job)))

        assert.strictEqual(stored?.payload, "12345678901234567890")
      }))

    it.effect("show no secrets, and store no masks", () =>
      Effect.gen(function*() {
        const { get, post } = yield* opened()
        const [job] = yield* enqueue(yield* queueName, { payload: "{\"password\":\"hunter2\"}" })
        const edit = (payload: unknown) =>
          post("", { action: "edit", ids: [String(job)], change: { payload } })
        const refused = yield* edit({ password: "[masked]" })
        const plan = yield* edit({ password: "hunter3" })
        const done = yield* post(`/${plan["id"]}/run`)
        const looks = [
          yield* get(`/${plan["id"]}`),
          yield* get(`/${plan["id"]}/items`),
          yield* get("?limit=1")
        ]
        const edited = yield* JobControl.use((control) => control.find(job!))
        const undone = yield* post(`/${plan["id"]}/undo`)
        const stored = yield* JobControl.use((control) => control.find(job!))

        assert.deepInclude(refused, { status: 400 })
        assert.include(edited?.payload, "hunter3")
        assert.include(stored?.payload, "hunter2")
        assert.deepInclude(undone, { status: 200, undone: 1 })
        assert.notMatch(JSON.stringify([plan, done, ...looks, undone]), /hunter/)
      }))

    it.effect("need the right of their action, too", () =>
      Effect.gen(function*() {
        const own = yield* opened(["read", "retry"])
        const { get, post } = yield* opened()
        const ids = yield* some(1)
        const { id } = yield* post("", { action: "cancel", ids })
        const refusals = [
          yield* own.post("", { action: "discard", ids }),
          yield* own.post("", { action: "edit", ids, change: { priority: 1 } }),
          yield* own.post(`/${id}/run`),
          yield* own.post(`/${id}/stop`),
          yield* own.post(`/${id}/undo`)
        ]
        const allowed = yield* own.post("", { action: "retry", ids })

        assert.deepStrictEqual(
          refusals.map(({ right, status }) => [status, right]),
          [[403, "discard"], [403, "edit"], [403, "discard"], [403, "discard"], [403, "discard"]]
        )
        assert.deepInclude(allowed, { status: 200, actor: "bob" })
        assert.deepInclude(yield* get(`/${id}`), { state: "planned", left: 1 })
      }))

    it.effect("are planned by a search, which finds payloads for those who may see them", () =>
      Effect.gen(function*() {
        const [own, all] = [yield* opened(["read", "retry"]), yield* opened()]
        const ids = yield* some(1)
        const plan = yield* own.post("", search(`id:${ids[0]}`))
        const denied = yield* own.post("", search("payload.to:ada"))
        const allowed = yield* all.post("", search("payload.to:ada"))
        const mistaken = yield* all.post("", search("state:lost"))

        assert.deepInclude(plan, { status: 200, planned: 1, query: `id:${ids[0]}` })
        assert.deepInclude(denied, { status: 403, right: "payloads" })
        assert.deepInclude(allowed, { status: 200, planned: 0 })
        assert.deepInclude(mistaken, { status: 400 })
      }))

    it.effect("are refused with a problem, and change nothing then", () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const { post } = yield* opened()
        const many = yield* post("", { action: "discard", ids: yield* some(1001) })
        const old = yield* post("", { action: "discard", ids: yield* some(1) })
        yield* sql`
          UPDATE pgq.operations SET at = at - interval '11 minutes'
          WHERE id = ${String(old["id"])}::uuid
        `
        const problems = [
          yield* post(`/${many["id"]}/run`),
          yield* post(`/${many["id"]}/run`, { count: 1000 }),
          yield* post(`/${old["id"]}/run`),
          yield* post(`/${crypto.randomUUID()}/run`),
          yield* post("", { action: "edit", ids: [] }),
          yield* post("", {
            action: "discard",
            ids: Array.from({ length: 10_001 }, (_, n) => String(n))
          })
        ]

        assert.deepStrictEqual(
          problems.map(({ status, type }) => [status, String(type).split(":").at(-1)]),
          [
            [422, "unconfirmed"],
            [422, "unconfirmed"],
            [410, "plan-expired"],
            [404, "not-found"],
            [400, "bad-request"],
            [422, "too-many"]
          ]
        )
      }))
  }
)
