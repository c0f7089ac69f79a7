/**
 * The ways to show who one is, with requests on real sockets.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { IpNetwork } from "effect/net"
import { TestClock } from "effect/testing"
import type * as Credentials from "../../src/http/Credentials.ts"
import * as Sessions from "../../src/http/Sessions.ts"
import * as Throttle from "../../src/http/Throttle.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

const path = "/api/v1/session"
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const basic = (text: string) => ({
  headers: { authorization: `Basic ${Buffer.from(text).toString("base64")}` }
})

const secrets: Credentials.Auth = {
  kind: "bearer",
  token: Redacted.make("open-sesame"),
  reading: Redacted.make("peep")
}

describe("a token", () => {
  it.effect("opens the API, and another one opens it for reading", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)

      assert.include((yield* ask(path, bearer("open-sesame"))).text, "\"discard\"")
      const reading = yield* ask(path, bearer("peep"))
      assert.deepStrictEqual(Socket.json(reading)["rights"], ["read", "payloads"])
      for (const wrong of ["open", "open-sesame2", "", "undefined"]) {
        const { headers, status } = yield* ask(path, bearer(wrong))
        assert.strictEqual(status, 401, wrong)
        assert.strictEqual(headers["www-authenticate"], "Bearer")
      }
      assert.strictEqual((yield* ask(path, basic("open-sesame:"))).status, 401)
      assert.strictEqual((yield* ask(path)).status, 401)
    }))

  it.effect("that is wrong can be tried ten times a minute", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)
      const tries = Array.from({ length: Throttle.triesMax }, (_, n) => ask(path, bearer(`${n}`)))

      for (const answer of yield* Effect.all(tries)) assert.strictEqual(answer.status, 401)
      const right = yield* ask(path, bearer("open-sesame"))
      assert.strictEqual(right.status, 429)
      assert.strictEqual(right.headers["retry-after"], "60")

      yield* TestClock.adjust("61 seconds")
      assert.strictEqual((yield* ask(path, bearer("open-sesame"))).status, 200)
    }))

  it.effect("that is missing is no try", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)

      for (let n = 0; n <= Throttle.triesMax; n++) yield* ask(path)
      assert.strictEqual((yield* ask(path, bearer("open-sesame"))).status, 200)
    }))
})

const begin = (token: string) => ({
  method: "POST",
  headers: { ...Socket.change, ...bearer(token).headers }
})
const cookieOf = ({ headers }: Socket.Answer) => String(headers["set-cookie"])
const withCookie = (cookie: string) => ({ headers: { cookie: cookie.split(";", 1)[0] } })

describe("a session", () => {
  it.effect("takes the place of a token for 12 hours", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)
      const cookie = cookieOf(yield* ask(path, begin("peep")))

      assert.match(cookie, /; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/)
      const { rights } = Socket.json(yield* ask(path, withCookie(cookie)))
      assert.deepStrictEqual(rights, ["read", "payloads"])
      yield* TestClock.adjust("12 hours")
      assert.strictEqual((yield* ask(path, withCookie(cookie))).status, 401)
    }))

  it.effect("is no guess, so others cannot lock it out", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)
      const cookie = cookieOf(yield* ask(path, begin("open-sesame")))

      for (let n = 0; n < Throttle.triesMax; n++) yield* ask(path, bearer("wrong"))
      assert.strictEqual((yield* ask(path, bearer("wrong"))).status, 429)
      assert.strictEqual((yield* ask(path, withCookie(cookie))).status, 200)
    }))

  it.effect("ends when the cookie is taken back, and needs a token to begin", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.openTo(secrets)

      const ended = yield* ask(path, { ...begin("peep"), method: "DELETE" })
      assert.match(cookieOf(ended), /^pgq_session=; Max-Age=0;/)
      const { headers, status } = yield* ask(path, begin("wrong"))
      assert.strictEqual(status, 401)
      assert.isUndefined(headers["set-cookie"])
    }))

  it("cannot be forged, nor taken to another server", () => {
    const rights = new Set(["read"] as const)
    const [one, other] = [Sessions.make(), Sessions.make()]
    const cookie = one.seal({ actor: "ada", rights }, 0)
    const [text = "", signature = ""] = cookie.split(".")
    const more = Buffer.from(JSON.stringify([9e15, "ada", ["read", "add"]])).toString("base64url")

    assert.deepStrictEqual(one.open(cookie, 1), { actor: "ada", rights })
    for (const wrong of [`${more}.${signature}`, text, `${text}.`, `.${signature}`, "", "a.b.c"]) {
      assert.isUndefined(one.open(wrong, 1), wrong)
    }
    assert.isUndefined(other.open(cookie, 1))
  })
})

describe("a password", () => {
  it.effect("opens the API together with its user", () =>
    Effect.gen(function*() {
      const password = Redacted.make("a:b")
      const auth = { kind: "basic", user: "ada", password } as const
      const ask = yield* Serving.openTo(auth, { challenge: "Basic realm=\"pgq\"" })

      assert.strictEqual(Socket.json(yield* ask(path, basic("ada:a:b")))["actor"], "ada")
      for (const wrong of ["ada:a", "bob:a:b", "ada", ":a:b", "ada:"]) {
        const { headers, status } = yield* ask(path, basic(wrong))
        assert.strictEqual(status, 401, wrong)
        assert.strictEqual(headers["www-authenticate"], "Basic realm=\"pgq\"")
      }
      const begun = yield* ask(path, {
        method: "POST",
        headers: { ...Socket.change, ...basic("ada:a:b").headers }
      })
      assert.strictEqual(begun.status, 404)
    }))
})

const by = (network: string) => {
  const trusted = [IpNetwork.fromStringUnsafe(network)]
  return Serving.openTo(
    { kind: "proxy", header: "X-Forwarded-User", trusted },
    { trusted, hosts: ["shop.example"] }
  )
}

describe("a proxy", () => {
  const headers = {
    "host": "shop.example",
    "x-forwarded-user": "ada",
    "x-forwarded-for": "127.0.0.1"
  }

  it.effect("that is trusted names the sender", () =>
    Effect.gen(function*() {
      const ask = yield* by("127.0.0.0/8")

      assert.strictEqual(Socket.json(yield* ask(path, { headers }))["actor"], "ada")
      const unnamed = yield* ask(path, { headers: { ...headers, "x-forwarded-user": "" } })
      assert.strictEqual(unnamed.status, 401)
    }))

  it.effect("that is not trusted names nobody, whatever it says of itself", () =>
    Effect.gen(function*() {
      const ask = yield* by("10.0.0.0/8")

      const claims = [headers, { ...headers, "x-forwarded-for": "10.0.0.1, 10.0.0.2" }]
      for (const headers of claims) {
        assert.strictEqual((yield* ask(path, { headers })).status, 401)
      }
      const host = { "host": "evil.test", "x-forwarded-host": "shop.example" }
      assert.strictEqual((yield* ask(path, { headers: { ...headers, ...host } })).status, 421)
    }))
})

describe("the throttle", () => {
  it("counts each address by itself, and forgets the oldest of very many", () => {
    const throttle = Throttle.make()
    for (let n = 0; n < Throttle.triesMax; n++) throttle.failed("one", 0)

    assert.isTrue(throttle.isClosed("one", 59_999))
    assert.isFalse(throttle.isClosed("one", 60_000))
    assert.isFalse(throttle.isClosed("other", 1))
    for (let n = 0; n < 10_000; n++) throttle.failed(`peer ${n}`, 1)
    assert.isFalse(throttle.isClosed("one", 2))
  })
})
