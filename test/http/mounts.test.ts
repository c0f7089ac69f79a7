/**
 * The API as a part of other servers.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpRouter, HttpServerResponse } from "effect/http"
import * as Access from "../../src/http/Access.ts"
import * as AdminApi from "../../src/http/AdminApi.ts"
import { Unauthenticated } from "../../src/http/Problems.ts"
import * as MemoryQueue from "../../src/layers/MemoryQueue.ts"
import * as Socket from "./Socket.ts"

const access = () => Effect.succeed(Access.full("ada"))
const text = (text: string) => Effect.succeed(HttpServerResponse.text(text))

/** A queue in memory of its own, however often the layer is built. */
const queue = () => Layer.fresh(MemoryQueue.client)

const add = (name: string): Socket.Asked => ({
  method: "POST",
  headers: Socket.change,
  body: { jobs: [{ name }] }
})

/** The API of a queue of its own. */
const mounted = (name: string) =>
  AdminApi.layer({ prefix: `/${name}`, schema: name, access }).pipe(Layer.provide(queue()))

describe("the API in an application", () => {
  it.live("leaves the application's own routes as they are", () =>
    Effect.gen(function*() {
      const ask = yield* Socket.open(
        Layer.mergeAll(
          AdminApi.layer({ prefix: "/a/b/pgq", access }).pipe(Layer.provide(queue())),
          HttpRouter.add("GET", "/", text("the shop")),
          HttpRouter.add("POST", "/a/b/:page", text("a page")),
          HttpRouter.middleware(Effect.map(HttpServerResponse.setHeader("x-shop", "1")), {
            global: true
          })
        )
      )

      const shop = yield* ask("/", { headers: { host: "shop.example" } })
      assert.strictEqual(shop.text, "the shop")
      assert.strictEqual(shop.headers["x-shop"], "1")
      assert.isUndefined(shop.headers["content-security-policy"])
      assert.strictEqual((yield* ask("/a/b/pgqs", { method: "POST" })).text, "a page")
      const nowhere = yield* ask("/nowhere")
      assert.strictEqual(nowhere.status, 404)
      assert.isUndefined(nowhere.headers["content-security-policy"])

      assert.strictEqual((yield* ask("/a/b/pgq/api/v1/jobs", add("greet"))).status, 200)
      assert.include((yield* ask("/a/b/pgq/api/v1/job/1?")).text, "greet")
      const below = yield* ask("/a/b/pgq", { headers: { host: "shop.example" } })
      assert.strictEqual(below.status, 421)
    }))

  it.live("may be there twice, each time for a queue of its own", () =>
    Effect.gen(function*() {
      const ask = yield* Socket.open(Layer.mergeAll(mounted("one"), mounted("two")))

      yield* ask("/one/api/v1/jobs", add("of one"))
      yield* ask("/two/api/v1/jobs", add("of two"))

      for (const name of ["one", "two"]) {
        const session = yield* ask(`/${name}/api/v1/session`)
        assert.strictEqual(Socket.json(session)["schema"], name)
        const job = yield* ask(`/${name}/api/v1/job/1`)
        assert.strictEqual(Socket.json(job)["name"], `of ${name}`)
        assert.strictEqual((yield* ask(`/${name}/api/v1/job/2`)).status, 404)
      }
    }))

  it.live("asks the application who sends a request", () =>
    Effect.gen(function*() {
      const ask = yield* Socket.open(
        AdminApi.layer({
          access: ({ headers }) =>
            headers["x-user"] === "ada"
              ? Effect.succeed(Access.readOnly("ada"))
              : Effect.fail(new Unauthenticated({ detail: "log in at the shop" }))
        }).pipe(Layer.provide(queue()))
      )

      const ada = yield* ask("/api/v1/session", { headers: { "x-user": "ada" } })
      assert.strictEqual(Socket.json(ada)["actor"], "ada")
      const nobody = yield* ask("/api/v1/session")
      assert.strictEqual(nobody.status, 401)
      assert.include(nobody.text, "log in at the shop")
    }))
})

describe("the API as a function", () => {
  it.live("answers requests of the Fetch API", () =>
    Effect.gen(function*() {
      const { handler } = yield* Effect.acquireRelease(
        Effect.sync(() =>
          AdminApi.toWebHandler(
            { prefix: "/pgq", access, hosts: ["shop.example"] },
            queue()
          )
        ),
        ({ dispose }) => Effect.promise(dispose)
      )
      const ask = (url: string, init?: RequestInit) =>
        Effect.promise(async () => {
          const response = await handler(new Request(url, init))
          return { status: response.status, text: await response.text() }
        })

      const added = yield* ask("https://shop.example/pgq/api/v1/jobs", {
        method: "POST",
        headers: Socket.change,
        body: "{\"jobs\":[{\"name\":\"greet\"}]}"
      })
      assert.deepStrictEqual(added, { status: 200, text: "{\"ids\":[\"1\"]}" })
      assert.strictEqual((yield* ask("https://evil.test/pgq/api/v1/job/1")).status, 421)
      assert.strictEqual((yield* ask("https://shop.example/elsewhere")).status, 404)
    }))
})
