/**
 * The rights that the endpoints of the contract need. The tests are made from the contract, so that
 * no endpoint is forgotten.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Access from "../../src/http/Access.ts"
import * as Gate from "../../src/http/Gate.ts"
import * as Endpoints from "./Endpoints.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

const asked = ({ body, method }: Endpoints.Endpoint): Socket.Asked =>
  method === "GET" ? {} : { method, body, headers: Socket.change }

const somebody = (rights: ReadonlyArray<Access.Right>) => ({
  access: () => Effect.succeed({ actor: "ada", rights: new Set(rights) })
})

describe("an endpoint", () => {
  it("that changes something needs a right beyond reading", () => {
    assert.isAtLeast(Endpoints.changes.length, 6)
    for (const { name, right } of Endpoints.changes) {
      assert(right !== undefined && Gate.isChange(right), name)
    }
  })

  it("needs a right, and all that only read need one to read", () => {
    for (const { method, name, right } of Endpoints.all) {
      assert(right !== undefined, name)
      if (method === "GET") assert.isFalse(Gate.isChange(right), name)
    }
  })

  it.live("is closed to everybody who has all rights but its own", () =>
    Effect.gen(function*() {
      for (const endpoint of Endpoints.all) {
        const others = Gate.rights.filter((right) => right !== endpoint.right)
        const ask = yield* Serving.open(somebody(others))
        const answer = yield* ask(endpoint.path, asked(endpoint))

        assert.strictEqual(answer.status, 403, endpoint.name)
        assert.include(Socket.json(answer), {
          type: "urn:pgq:problem:denied",
          right: endpoint.right
        })
      }
    }).pipe(Effect.scoped))

  it.live("is open to those who have its right alone", () =>
    Effect.gen(function*() {
      for (const endpoint of Endpoints.all) {
        const ask = yield* Serving.open(somebody(endpoint.right ? [endpoint.right] : []))
        const { status } = yield* ask(endpoint.path, asked(endpoint))
        assert.notInclude([401, 403], status, endpoint.name)
      }
    }).pipe(Effect.scoped))
})

describe("the page of metrics", () => {
  it.live("needs the right to read, and is not there without metrics", () =>
    Effect.gen(function*() {
      const statusFor = Effect.fnUntraced(function*(right: Access.Right, hasMetrics = true) {
        const ask = yield* Serving.openTo({ kind: "none" }, {
          check: () => Effect.succeed({ actor: "ada", rights: new Set([right]) }),
          metrics: hasMetrics ? Effect.succeed("") : undefined
        })
        return (yield* ask("/metrics?")).status
      })

      assert.strictEqual(yield* statusFor("read"), 200)
      assert.strictEqual(yield* statusFor("payloads"), 403)
      assert.strictEqual(yield* statusFor("read", false), 404)
    }))
})

describe("read-only access", () => {
  it.live("changes nothing, by whatever endpoint", () =>
    Effect.gen(function*() {
      const own = yield* Serving.open({ access: () => Effect.succeed(Access.readOnly("ada")) })
      const mounted = yield* Serving.open({ readOnly: true })

      for (const endpoint of Endpoints.changes) {
        for (const ask of [own, mounted]) {
          const { status } = yield* ask(endpoint.path, asked(endpoint))
          assert.strictEqual(status, 403, endpoint.name)
        }
      }
      for (const ask of [own, mounted]) {
        assert.strictEqual((yield* ask("/api/v1/session")).status, 200)
      }
    }))

  it.live("sees no payload if payloads are hidden", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open({ hidePayloads: true })
      yield* ask("/api/v1/jobs", {
        method: "POST",
        headers: Socket.change,
        body: { jobs: [{ name: "greet", payload: "secret" }] }
      })

      const job = yield* ask("/api/v1/job/1")
      assert.strictEqual(job.status, 200)
      assert.notInclude(job.text, "secret")
      assert.strictEqual((yield* ask("/api/v1/job/1/payload")).status, 403)
      assert.strictEqual((yield* ask("/api/v1/job/1/logs")).status, 403)
      for (const q of ["text:secret", "payload.a:1", "name:greet text:s"]) {
        const refused = yield* ask(`/api/v1/jobs?q=${encodeURIComponent(q)}`)
        assert.strictEqual(refused.status, 403, q)
        assert.include(refused.text, "urn:pgq:problem:denied")
      }
      const listed = yield* ask("/api/v1/jobs?q=error:s")
      assert.strictEqual(listed.status, 200)
      assert.notInclude((yield* ask("/api/v1/jobs")).text, "secret")
    }))
})
