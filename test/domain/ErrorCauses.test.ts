import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import * as ErrorCauses from "../../src/domain/ErrorCauses.ts"
import * as ErrorText from "../../src/domain/ErrorText.ts"

const wrapped = (depth: number): Error =>
  Array.from({ length: depth }).reduce<Error>(
    (cause, _, index) => new Error(`outer ${index}`, { cause }),
    new Error("the reason")
  )

const endless = new Error("endless")
endless.cause = new AggregateError([endless, new Error("beside it")], "a circle")

const refused = Object.assign(
  new AggregateError([
    new Error("connect ECONNREFUSED ::1:1"),
    new Error("connect to 127.0.0.1:1")
  ]),
  { code: "ECONNREFUSED" }
)

const cases: ReadonlyArray<readonly [what: string, error: unknown, said: ReadonlyArray<string>]> = [
  [
    "an AggregateError",
    new AggregateError([new Error("first cause"), "second cause"], "All promises were rejected"),
    ["All promises were rejected", "first cause", "second cause"]
  ],
  ["a refused host of two addresses", refused, ["ECONNREFUSED ::1:1", "connect to 127.0.0.1:1"]],
  ["a chain of causes", wrapped(3), ["outer 2", "outer 1", "outer 0", "the reason"]],
  [
    "an aggregate within a cause within an aggregate",
    new AggregateError([new Error("a", { cause: new AggregateError([new Error("b")], "c") })], "d"),
    ["d", "a", "c", "b"]
  ],
  ["a circle", endless, ["endless", "a circle", "beside it"]],
  [
    "an Effect's Cause",
    new Error("outer", {
      cause: Cause.combine(Cause.fail("one failure"), Cause.die("one defect"))
    }),
    ["outer", "one failure", "one defect"]
  ],
  ["a cause that is no error", new Error("outer", { cause: "text" }), ["outer", "text"]],
  [
    "what a library gathers",
    Object.assign(new Error("invalid"), { errors: [new Error("no name")] }),
    ["invalid", "no name"]
  ]
]

describe("the causes of an error", () => {
  it.each(cases)("are all in the text that is stored: %s", (_, error, said) => {
    for (const cause of [Cause.fail(error), Cause.die(error)]) {
      const text = ErrorText.fromCause(cause)

      for (const each of said) assert.include(text, each)
      for (const each of said) assert.include(ErrorText.summary(text), each)
    }
  })

  it.each(cases)("are all in one line: %s", (_, error, said) => {
    const line = ErrorCauses.line(error)

    assert.notInclude(line, "\n")
    for (const each of said) assert.include(line, each)
  })

  it("are told once, in the order of a reader", () => {
    assert.strictEqual(
      ErrorCauses.line(new AggregateError([new Error("a"), new Error("b")], "both failed")),
      "both failed: a; b"
    )
    assert.strictEqual(
      ErrorCauses.line(refused),
      "connect ECONNREFUSED ::1:1; connect to 127.0.0.1:1"
    )
    assert.strictEqual(
      ErrorCauses.line(new Error("cannot load: no file", { cause: new Error("no file") })),
      "cannot load: no file"
    )
  })

  it("have room beside a long message, and are bounded", () => {
    const long = new Error("x".repeat(100_000), { cause: new Error("the reason") })
    const wide = new AggregateError(Array.from({ length: 10_000 }, () => new Error("one")), "many")

    assert.include(ErrorText.fromCause(Cause.fail(long)), "the reason")
    assert.isAtMost(Buffer.byteLength(ErrorText.fromCause(Cause.fail(wide))), 8192)
    assert.include(ErrorText.fromCause(Cause.fail(wrapped(20_000))), "outer 19998")
  })

  it("are named by a code or a class where there is no message", () => {
    assert.strictEqual(ErrorCauses.line(Object.assign(new Error(""), { code: "EPIPE" })), "EPIPE")
    assert.strictEqual(ErrorCauses.line(new TypeError()), "TypeError")
    assert.strictEqual(ErrorCauses.line(new AggregateError([])), "AggregateError")
    assert.strictEqual(ErrorCauses.line(undefined), "undefined")
  })
})
