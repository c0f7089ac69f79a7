/**
 * The documentation of the HTTP API.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Endpoints from "../http/Endpoints.ts"
import * as ApiTable from "./ApiTable.ts"

describe("the HTTP API", () => {
  it("is documented as `npm run docs` writes it", () => {
    const text = readFileSync(ApiTable.page, "utf8")
    for (const { method, right } of Endpoints.all) {
      assert.include(text, `| \`${method}\` |`)
      assert.include(text, `| \`${right}\` |`)
    }
    assert.include(text, "| `held` |")
    assert.strictEqual(text, ApiTable.writtenInto(text))
  })
})
