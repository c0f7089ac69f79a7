/**
 * The text of a search as the page changes it, and the parser that reads it.
 *
 * Tests `dashboard/src/state/searchText.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as SearchText from "../../dashboard/src/state/searchText.ts"
import * as JobQueryText from "../../src/domain/JobQueryText.ts"

const parsed = (text: string) => Result.getOrThrow(JobQueryText.parse(text))

describe("the text of a search", () => {
  it.each(["mail", "send mail", "send-*", "a\"b", "a\\b c", "\\", "state:x", ":", "Zürich – 7"])(
    "has the name %s as it is",
    (name) => {
      const query = parsed(`state:failed name:${SearchText.quoted(name)}`)
      assert.deepStrictEqual(query, { state: ["failed"], name: [name] })
    }
  )

  it.each([
    ["", []],
    ["queue:mail", []],
    ["state:failed", ["failed"]],
    ["queue:mail outcome:failed,crashed since:1h", ["failed", "crashed"]],
    ["state:\"failed\"", ["failed"]],
    ["error:\"a state:failed\"", []],
    ["error:\"a \\\" state:failed\" state:ready", ["ready"]]
  ])("%s asks for these states", (text, states) => {
    assert.deepStrictEqual(SearchText.statesOf(text), states)
    const read: ReadonlyArray<string> = parsed(text).state ?? []
    assert.deepStrictEqual(read, states)
  })

  it.each([
    "",
    "queue:mail",
    "state:failed",
    "queue:mail outcome:failed,crashed since:1h",
    "error:\"a state:failed\"  key:\"b  c\"",
    "error:\"a \\\" state:failed\" state:ready payload.\"a b\":1",
    "name:\"a\\\\\" state:completed"
  ])("%s takes a state in place of its own, and leaves it", (text) => {
    const { state: _, ...others } = parsed(text)
    const blocked = SearchText.withState(text, "blocked")
    assert.deepStrictEqual(parsed(blocked), { ...others, state: ["blocked"] })
    assert.deepStrictEqual(parsed(SearchText.withState(blocked)), others)
  })

  it("leaves the state out of quotes that are not closed yet", () => {
    const text = SearchText.withState("error:\"time", "failed")
    assert.strictEqual(text, "state:failed error:\"time")
    assert.strictEqual(SearchText.withState(text), "error:\"time")
  })

  it("is an id where it is a number alone", () => {
    assert.strictEqual(SearchText.idOf(" 42 "), "42")
    for (const text of ["", "id:42", "4 2", "-1", "1".repeat(20)]) {
      assert.isUndefined(SearchText.idOf(text), text)
    }
  })
})
