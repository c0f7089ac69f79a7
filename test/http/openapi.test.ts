/**
 * The OpenAPI document of the HTTP API. A change of the contract shows in its snapshot.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { OpenApi } from "effect/http-api"
import { expect } from "vitest"
import { Api } from "../../src/http/Api.ts"
import * as Serving from "./Serving.ts"
import * as Socket from "./Socket.ts"

describe("the OpenAPI document", () => {
  // `npx vitest run --project unit -u test/http` writes it anew.
  it("is as it was seen last", async () => {
    const text = `${JSON.stringify(OpenApi.fromApi(Api), undefined, 2)}\n`
    await expect(text).toMatchFileSnapshot("openapi.json")
  })

  it.live("is served with the API", () =>
    Effect.gen(function*() {
      const ask = yield* Serving.open({ prefix: "/pgq" })

      const served = Socket.json(yield* ask("/pgq/api/v1/openapi.json"))
      assert.deepStrictEqual(served, JSON.parse(JSON.stringify(OpenApi.fromApi(Api))))
    }))
})
