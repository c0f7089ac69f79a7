/**
 * Searches of the API for what it does not show.
 *
 * Tests `src/http/Searches.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type * as AdminApi from "../../src/http/AdminApi.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

/** Asks an API with one job for lists by a search, and for operations that a search plans. */
const searching = Effect.fnUntraced(function*(options?: Partial<AdminApi.Options>) {
  const ask = yield* Serving.open(options)
  yield* ask("/api/v1/jobs", {
    method: "POST",
    headers: Socket.change,
    body:
      "{\"jobs\":[{\"name\":\"login\",\"payload\":{\"to\":\"ada\",\"user\":{\"password\":\"hunter2\"}}}]}"
  })
  return {
    list: (query: string) =>
      Effect.map(ask(`/api/v1/jobs?q=${encodeURIComponent(query)}`), (answer) => {
        const { detail, items } = Object(Socket.json(answer))
        return answer.status === 200 ? items.length : `${answer.status} ${detail}`
      }),
    plan: (query: string) =>
      Effect.map(
        ask("/api/v1/operations", {
          method: "POST",
          headers: Socket.change,
          body: { action: "retry", query }
        }),
        ({ status }) => status
      )
  }
})

/** The answer of a queue in memory to every plan that the API lets pass. */
const passed = 501

describe("a search of the API", () => {
  it.live("finds no job by a secret that is not shown", () =>
    Effect.gen(function*() {
      const { list, plan } = yield* searching()
      for (
        const [query, name] of [
          ["payload.user.password:hunter2", "password"],
          ["payload.user.password:nobody", "password"],
          ["state:failed payload.to:ada payload.AuthTokens.first:1", "AuthTokens"]
        ] as const
      ) {
        assert.strictEqual(
          yield* list(query),
          `403 payload cannot be searched for ${name}, which is not shown`
        )
        assert.strictEqual(yield* plan(query), 403)
      }
      assert.strictEqual(yield* list("text:hunter2"), 0)
      assert.strictEqual(yield* list("payload.to:ada"), 1)
      assert.strictEqual(yield* plan("payload.to:ada"), passed)
    }))

  it.live("for payloads is refused to those who may not see them", () =>
    Effect.gen(function*() {
      const { list, plan } = yield* searching({ hidePayloads: true })
      for (const query of ["payload.to:ada", "text:ada"]) {
        assert.strictEqual(
          yield* list(query),
          "403 a search for payload and text needs the right \"payloads\""
        )
        assert.strictEqual(yield* plan(query), 403)
      }
      assert.strictEqual(yield* list("name:login"), 1)
    }))

  it.live("finds no job by its payload where the application decides what is shown", () =>
    Effect.gen(function*() {
      const { list, plan } = yield* searching({ redact: ({ payload }) => payload })
      for (const query of ["payload.to:ada", "text:ada"]) {
        assert.strictEqual(
          yield* list(query),
          "403 payload and text cannot be searched for, as the application decides what is shown"
        )
        assert.strictEqual(yield* plan(query), 403)
      }
      assert.strictEqual(yield* list("name:login"), 1)
      assert.strictEqual(yield* list("error:ada"), 0)
      assert.strictEqual(yield* plan("name:login"), passed)
    }))
})
