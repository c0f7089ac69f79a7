/**
 * The documentation has the table of all decisions after a run.
 */
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as DecisionTable from "./DecisionTable.ts"

describe("the decisions", () => {
  it("are documented as `npm run docs` writes them", () => {
    const text = readFileSync(DecisionTable.page, "utf8")
    assert.include(text, "| succeeds | none | is completed |")
    assert.strictEqual(text, DecisionTable.writtenInto(text))
  })
})
