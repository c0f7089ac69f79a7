/**
 * The search for the jobs of a group of failures, and the parser that reads it.
 *
 * Tests `dashboard/src/state/groupSearch.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as GroupSearch from "../../dashboard/src/state/groupSearch.ts"
import * as Fingerprint from "../../src/domain/Fingerprint.ts"
import * as JobQueryText from "../../src/domain/JobQueryText.ts"

const groupOf = (error: string) => ({ name: "send mail", fingerprint: Fingerprint.of(error) })

const parsed = (text: string) => Result.getOrThrow(JobQueryText.parse(text))

describe("the search for a group of failures", () => {
  it.each([
    "CardDeclined: no luck",
    "order 4711 of \"Ada\" was refused by the bank at 10:04:05",
    "a \"b c\" d* \\ 7 and \\\"more",
    "timeout\n  at line 7",
    "it's 5f0c3d0e-6a53-4c8e-9b6e-0c5b7f6f5a11 again"
  ])("finds the error %s by a text that it has", (error) => {
    const query = parsed(GroupSearch.searchOf(groupOf(error), "failed,crashed", "a queue"))
    const { error: part = "", ...others } = query
    assert.deepStrictEqual(others, {
      state: ["failed", "crashed"],
      queue: "a queue",
      name: ["send mail"]
    })
    assert.include(error, part)
    assert.isAtLeast(part.length, 4)
  })

  it("takes the longest text that all errors of the group have", () => {
    const part = GroupSearch.partOf(Fingerprint.of("id 7: the bank has 12 hours of rest"))
    assert.strictEqual(part, ": the bank has")
  })

  it.each(["", "4711", "no 7"])("is by name where the error %s says too little", (error) => {
    const query = parsed(GroupSearch.searchOf(groupOf(error), "retry", ""))
    assert.deepStrictEqual(query, { state: ["retry"], name: ["send mail"] })
  })
})
