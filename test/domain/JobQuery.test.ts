import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result } from "effect"
import { JobQuery, type JobQueryInvalid, states } from "../../src/domain/JobQuery.ts"
import * as JobQueryText from "../../src/domain/JobQueryText.ts"
import { texts } from "../fuzz/corpus/texts.ts"

const parsed = (text: string) => Result.getOrThrow(JobQueryText.parse(text))

const refusal = (text: string): JobQueryInvalid =>
  Result.getOrThrow(
    Result.flip(JobQueryText.parse(text))
  )

/** As parsed: states stand once, in their order; a field of the payload stands once. */
const canonical = (query: JobQuery): JobQuery => ({
  ...query,
  ...(query.state === undefined
    ? {}
    : { state: states.filter((state) => query.state?.includes(state)) }),
  ...(query.payload === undefined ? {} : {
    payload: query.payload
      .filter(({ path }, n, all) =>
        all.findIndex((other) => JSON.stringify(other.path) === JSON.stringify(path)) === n
      )
      .map(({ path, value }) => ({ path, value: JSON.stringify(value) }))
  })
})

/** NUL, or half of a character. */
const isBroken = (text: string): boolean => /[\p{Cs}\0]/u.test(text)

describe("the text of a search", () => {
  it.prop(
    "says the search that it was printed from",
    { query: Arbitrary.map(Arbitrary.schema(JobQuery), canonical) },
    ({ query }) => {
      const text = JobQueryText.print(query)
      if (isBroken(text)) return assert.isTrue(Result.isFailure(JobQueryText.parse(text)))
      assert.deepStrictEqual(parsed(text), query, text)
      assert.strictEqual(JobQueryText.print(parsed(text)), text)
    },
    { arbitrary: { runs: 500 } }
  )

  it.each(Object.entries(texts).filter(([, text]) => text.length < 2000 && !isBroken(text)))(
    "keeps %s in each term of text",
    (_, text) => {
      if (text === "") return
      for (
        const query of [
          { key: text },
          { name: ["", text, ""] },
          { payload: [{ path: [text, "a"], value: JSON.stringify(text) }] }
        ]
      ) {
        assert.deepStrictEqual(parsed(JobQueryText.print(query)), query)
      }
    }
  )

  it.each([
    ["", ""],
    ["42", "id:42"],
    ["id:7..90 queue:email", "id:7..90 queue:email"],
    ["kind:send-* outcome:failed", "state:failed name:send-*"],
    ["state:retry,ready,retry", "state:ready,retry"],
    ["key:\"customer 7\" prio:>5 attempt:>=3", "key:\"customer 7\" priority:>=6 attempt:>=3"],
    ["priority:<-2", "priority:<=-3"],
    ["priority:-3..-3", "priority:-3"],
    ["  worker:web-1   older:120m since:03:00 ", "worker:web-1 older:2h since:03:00"],
    ["since:2030-01-31T09:00:00+01:00", "since:2030-01-31T08:00:00.000Z"],
    ["since:2030-01-31", "since:2030-01-31T00:00:00.000Z"],
    ["since:1.5h", "since:90m"],
    ["name:\"send-*\"", "name:\"send-*\""],
    ["name:\"a b\"*", "name:\"a b\"*"],
    ["error:\"time\\\"out\\\\\" text:a:b", "error:\"time\\\"out\\\\\" text:a:b"],
    ["payload.to:ada@example.com payload.n:4711", "payload.to:ada@example.com payload.n:4711"],
    ["payload.n:\"4711\" payload.\"a.b\".c:true", "payload.n:\"4711\" payload.\"a.b\".c:true"],
    ["payload.to:\"\"", "payload.to:\"\""],
    ["id:9223372036854775807", "id:9223372036854775807"]
  ])("%s is read as %s", (text, printed) => {
    assert.strictEqual(JobQueryText.print(parsed(text)), printed)
  })

  it("reads a value of the payload as it is written", () => {
    assert.deepStrictEqual(parsed("payload.id:12345678901234567890 payload.to:x").payload, [
      { path: ["id"], value: "12345678901234567890" },
      { path: ["to"], value: "\"x\"" }
    ])
  })

  it.each([
    ["queue:mail ada", 11, "try name:ada, key:ada, error:ada or text:ada"],
    ["\"ada b\"", 0, "text:\"ada b\""],
    ["queue:mail qeue:b", 11, "qeue is no term; the terms are id, state, queue"],
    ["\"queue\":mail", 0, "is no term"],
    ["queue:a key:b queue:\"c d\"", 14, "queue:a and queue:\"c d\" cannot both be there"],
    ["kind:a name:b", 7, "kind:a and name:b"],
    ["42 id:7", 3, "42 and id:7"],
    ["payload.a:1 payload.a:2", 12, "payload.a:1 and payload.a:2"],
    ["queue:", 0, "queue takes a text"],
    ["queue:mail*", 6, "queue takes a text; one with blanks or * stands in quotes"],
    ["state:lost", 6, "state takes one or more of ready, waiting"],
    ["outcome:ready", 8, "outcome takes one or more of completed"],
    ["state:ready,", 6, "state takes"],
    ["id:9..7", 3, "id takes a whole number"],
    ["id:9223372036854775808", 3, "id takes a whole number"],
    ["id:>9223372036854775807", 3, "id takes a whole number"],
    ["prio:high", 5, "prio takes a whole number"],
    ["older:2 h", 6, "older takes a length of time"],
    ["older:40000d", 6, "older takes a length of time"],
    ["since:25:00", 6, "since takes"],
    ["since:2030-02-30", 6, "since takes"],
    ["since:2030-01-31T09:00", 6, "since takes"],
    ["error:\"time out", 6, "the quotes are not closed"],
    ["payload:a", 0, "payload takes a field"],
    ["payload.a..b:1", 0, "payload takes a field"],
    ["payload.a:", 0, "payload.a takes a number"],
    ["text:a\0b", 6, "NUL"],
    ["text:\ud800", 5, "half of a character"]
  ])("%s is refused at %i", (text, position, issue) => {
    const error = refusal(text)
    assert.strictEqual(error.position, position)
    assert.include(error.message, issue)
  })

  it("has a bound", () => {
    assert.include(refusal("x".repeat(4001)).message, "at most 4000 characters")
  })
})
