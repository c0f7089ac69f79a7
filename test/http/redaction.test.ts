/**
 * Payloads as the API shows them: without their secrets, or as an application decides.
 *
 * Tests `src/http/Masking.ts`, `src/http/Redaction.ts` and `src/http/Shown.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as Masking from "../../src/http/Masking.ts"
import * as Redaction from "../../src/http/Redaction.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

const id = 12345678901234567890n

/** The API with one job, and the texts that it shows of the job's payload. */
const showing = Effect.fnUntraced(function*(
  payload: string,
  options?: Parameters<typeof Serving.open>[0]
) {
  const ask = yield* Serving.open(options)
  const added = yield* ask("/api/v1/jobs", {
    method: "POST",
    headers: Socket.change,
    body: `{"jobs":[{"name":"charge","payload":${payload}}]}`
  })
  const path = `/api/v1/job/${Object(Socket.json(added)).ids[0]}`
  const shown = Effect.map(
    Effect.all([ask(path), ask(`${path}/payload`)]),
    ([job, payload]) => [Object(Socket.json(job)).payload, payload.text]
  )
  const edit = (payload: string) =>
    ask(path, { method: "PATCH", headers: Socket.change, body: `{"payload":${payload}}` })
  return { ask, edit, path, shown }
})

const hide = (name: string, value: unknown) =>
  /password|token|secret|authorization/i.test(name) ? "[masked]" : value

describe("the payloads of an API", () => {
  it.each([
    ["{}", "{}"],
    ["\"password\"", "\"password\""],
    ["[\"token\", \"a\"]", "[\"token\", \"a\"]"],
    ["{\"a\":\"token\",\"b\":1.10}", "{\"a\":\"token\",\"b\":1.10}"],
    ["{\"Password\" : \"p\\\"}w\" , \"n\":1}", "{\"Password\" : \"[masked]\" , \"n\":1}"],
    ["{\"authToken\":{\"a\":[1,\"}\"]},\"n\":2}", "{\"authToken\":\"[masked]\",\"n\":2}"],
    ["{\"to\\u006ben\":null}", "{\"to\\u006ben\":\"[masked]\"}"],
    ["[{\"a\":{\"secrets\":[\"s\"]}},7]", "[{\"a\":{\"secrets\":\"[masked]\"}},7]"],
    ["{\"a\":\"\\\\\",\"authorization\":-1e9}", "{\"a\":\"\\\\\",\"authorization\":\"[masked]\"}"],
    [`{"secret":${id},"id":${id}}`, `{"secret":"[masked]","id":${id}}`]
  ])("show %s as %s", (json, expected) => {
    assert.strictEqual(Masking.masked(json), expected)
  })

  it.prop(
    "are masked where JSON.parse finds such a key, in any JSON",
    { value: Schema.Json, indent: Schema.Literals([0, 2]) },
    ({ indent, value }) => {
      const all = { Token: value, others: [value, { Secret: value, a: value }] }
      const json = JSON.stringify(all, undefined, indent)

      assert.deepStrictEqual(JSON.parse(Masking.masked(json)), JSON.parse(json, hide))
    }
  )

  it("are masked at any depth, however long they are", () => {
    const deep = `${"{\"a\":[".repeat(100_000)}{"secret":1}${"]}".repeat(100_000)}`

    assert.include(Masking.masked(deep), "{\"secret\":\"[masked]\"}")
  })

  it.live("have no secrets, wherever the API shows them, and stay in the store", () =>
    Effect.gen(function*() {
      const { ask, edit, path, shown } = yield* showing(`{"id":${id},"password":"hunter2"}`)
      const masked = `{"id":${id},"password":"[masked]"}`
      assert.deepStrictEqual(yield* shown, [masked, masked])

      const version = (yield* ask(path)).headers["etag"]
      const refused = yield* edit(masked)
      assert.strictEqual(refused.status, 400)
      assert.include(refused.text, "in place of a value that is not shown")
      assert.strictEqual((yield* ask(path)).headers["etag"], version)
      assert.strictEqual((yield* edit("{\"password\":\"hunter3\",\"n\":1}")).status, 200)
      assert.deepStrictEqual((yield* shown)[1], "{\"password\":\"[masked]\",\"n\":1}")
    }))

  it.live("are shown as the application decides, with every digit if it leaves one as it is", () =>
    Effect.gen(function*() {
      const payload = `{"id":${id},"password":"hunter2"}`
      const open = yield* showing(payload, { redact: ({ payload }) => payload })
      assert.deepStrictEqual(yield* open.shown, [payload, payload])

      const own = yield* showing("{\"pan\":\"4111\",\"password\":\"p\",\"n\":1}", {
        redact: ({ id, name, payload }) => ({
          of: `${name} ${id}`,
          payload: Redaction.withoutSecrets(payload)
        })
      })
      const text = "{\"of\":\"charge 1\"," +
        "\"payload\":{\"pan\":\"4111\",\"password\":\"[masked]\",\"n\":1}}"
      assert.deepStrictEqual(yield* own.shown, [text, text])
    }))

  it.live("are not shown at all if the application's decision fails", () =>
    Effect.gen(function*() {
      const { ask, path } = yield* showing("{\"pan\":\"4111\"}", {
        redact: ({ payload }) => JSON.parse(String(payload))
      })
      for (const asked of [path, `${path}/payload`]) {
        const { status, text } = yield* ask(asked)
        assert.strictEqual(status, 500)
        assert.notInclude(text, "4111")
      }
    }))
})
