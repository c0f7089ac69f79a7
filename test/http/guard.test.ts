/**
 * The guard of the HTTP API, with requests on real sockets.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Options } from "../../src/http/AdminApi.ts"
import * as Guard from "../../src/http/Guard.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

/** Paths that lead to an endpoint, and some that lead nowhere. */
const paths = ["/api/v1/session", "/api/v1/openapi.json", "/api/v1/nothing", "/", "/%zz"]

const add = (headers: Readonly<Record<string, string | undefined>>): Socket.Asked => ({
  method: "POST",
  headers: { ...Socket.change, ...headers },
  body: { jobs: [{ name: "greet" }] }
})

describe("the guard", () => {
  it.live("turns away requests for another host, wherever they lead", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open({ hosts: ["Shop.example", "[::1]"] })

      for (const path of paths) {
        for (const host of ["evil.test", "evil.test:7470", "shop.example.evil.test", "127.0.0.1"]) {
          const { status } = yield* ask(path, { headers: { host } })
          assert.strictEqual(status, 421, `${host}${path}`)
        }
      }
      for (const host of ["shop.example", "SHOP.example:8080", "[::1]:7470"]) {
        assert.strictEqual((yield* ask("/api/v1/session", { headers: { host } })).status, 200)
      }
    }))

  it.live("turns away pages of another host that only read", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()

      for (const origin of ["http://evil.test", "https://localhost.evil.test", "null"]) {
        const { status } = yield* ask("/api/v1/session", { headers: { origin } })
        assert.strictEqual(status, 421, origin)
      }
    }))

  it.live("lets no page of another site change anything", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()

      for (
        const headers of [
          { "sec-fetch-site": "cross-site" },
          { "sec-fetch-site": "same-site" },
          { "sec-fetch-site": "none" },
          { "sec-fetch-site": undefined, origin: "http://localhost:1", host: "localhost:2" },
          { "sec-fetch-site": undefined, cookie: "pgq_session=x" },
          { "sec-fetch-site": "same-origin", "x-pgq": undefined },
          { "sec-fetch-site": "same-origin", "content-type": "text/plain" },
          { "sec-fetch-site": "same-origin", "content-type": "application/jsonp" },
          {
            "sec-fetch-site": "same-origin",
            "content-type": "application/x-www-form-urlencoded"
          },
          { "content-type": undefined }
        ]
      ) {
        const { status } = yield* ask("/api/v1/jobs", add(headers))
        assert.strictEqual(status, 403, JSON.stringify(headers))
      }
      assert.strictEqual((yield* ask("/api/v1/job/1")).status, 404, "a job was added")
    }))

  it.live("lets pages of this server and programs change things", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()

      for (
        const headers of [
          { "sec-fetch-site": "same-origin", cookie: "pgq_session=x" },
          { origin: "http://localhost:7470", host: "localhost:7470", cookie: "pgq_session=x" },
          { "sec-fetch-site": "cross-site", authorization: "Bearer secret" },
          { "content-type": "application/json; charset=utf-8" },
          {}
        ]
      ) {
        const { status } = yield* ask("/api/v1/jobs", add(headers))
        assert.strictEqual(status, 200, JSON.stringify(headers))
      }
    }))

  it.live("sets its headers on every answer", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()
      const asked: ReadonlyArray<readonly [string, Socket.Asked?]> = [
        ...paths.map((path) => [path] as const),
        ...Endpoints.all.map(({ body, method, path }) =>
          [path, { method, body, headers: Socket.change }] as const
        ),
        ["/api/v1/job/x"],
        ["/api/v1/jobs", { method: "POST" }],
        ["/", { headers: { host: "evil.test" } }],
        ["/api/v1/session", { method: "HEAD" }],
        ["/api/v1/session", { method: "OPTIONS", headers: Socket.change }]
      ]

      const statuses = new Set<number>()
      for (const [path, options] of asked) {
        const { headers, status } = yield* ask(path, options)
        statuses.add(status)
        for (const [name, value] of Object.entries(Guard.headers)) {
          assert.strictEqual(headers[name], value, `${name} of ${status} for ${path}`)
        }
      }
      assert.includeMembers(Array.from(statuses), [200, 204, 400, 403, 404, 421])
    }))

  it.live("lets the pages be framed by those alone that are named", () =>
    Effect.gen(function*() {
      const framers = Effect.fnUntraced(function*(frameAncestors: Options["frameAncestors"]) {
        const { headers } = yield* (yield* Serving.open({ frameAncestors }))("/nowhere")
        return String(headers["content-security-policy"]).split("; ")
          .filter((line) => line.startsWith("frame-ancestors"))
      })

      assert.deepStrictEqual(yield* framers(undefined), ["frame-ancestors 'none'"])
      assert.deepStrictEqual(yield* framers(["https://a b", "https://a;x"]), [
        "frame-ancestors 'none'"
      ])
      assert.deepStrictEqual(
        yield* framers(["https://portal.example", "http://*.corp.example:8080", "https://a;x"]),
        ["frame-ancestors https://portal.example http://*.corp.example:8080"]
      )
    }))

  it.live("finds nothing behind paths that mean others", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open({ prefix: "/pgq" })

      for (
        const path of [
          "/pgq/..%2f..%2fetc%2fpasswd",
          "/pgq/api/v1/..%2fsession",
          "/pgq/api/v1/%00",
          "/pgq/%zz",
          "/pgqx/api/v1/session",
          "/api/v1/session"
        ]
      ) assert.strictEqual((yield* ask(path)).status, 404, path)
      assert.strictEqual((yield* ask("/pgq/api/v1/session")).status, 200)
    }))

  it.live("reads no body that is too large", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open()
      const large = { jobs: [{ name: "greet", payload: "x".repeat(17_000_000) }] }

      const told = yield* ask("/api/v1/jobs", {
        ...add({ "content-length": "17000100" }),
        body: JSON.stringify(large).padEnd(17_000_100)
      })
      assert.strictEqual(told.status, 413)

      const chunked = yield* ask("/api/v1/jobs", {
        ...add({ "transfer-encoding": "chunked" }),
        body: large
      })
      assert.strictEqual(chunked.status, 400)
    }))
})
