import { assert, describe, it } from "@effect/vitest"
import { Cause, Schema } from "effect"
import * as ErrorText from "../../src/domain/ErrorText.ts"

describe("ErrorText", () => {
  it("leaves plain text as it is", () => {
    const text = "línea 1\n\ttab 🎉"

    assert.strictEqual(ErrorText.storable(text), text)
  })

  it("replaces what a text value cannot hold", () => {
    assert.strictEqual(ErrorText.storable("a\0b\ud800c"), "a\uFFFDb\uFFFDc")
  })

  it("cuts text that is long, and shows it", () => {
    const text = ErrorText.storable("x".repeat(100_000))

    assert.isTrue(text.endsWith("x …"))
    assert.strictEqual(Buffer.byteLength(text), ErrorText.errorBytesMax)
  })

  it.each(["x", "ü", "€", "🎉", "\0", "\ud83c"])(
    "cuts between characters of \"%s\"",
    (character) => {
      for (const shift of ["", "x", "xx", "xxx"]) {
        const text = ErrorText.storable(shift + character.repeat(9000))

        assert.isAtMost(Buffer.byteLength(text), ErrorText.errorBytesMax)
        assert.isTrue(text.isWellFormed())
        assert.isTrue(text.endsWith(" …"))
      }
    }
  )

  it.prop("always answers with text that can be stored", { text: Schema.String }, ({ text }) => {
    const stored = ErrorText.storable(`${text}\0${text.repeat(1000)}`)

    assert.isTrue(stored.isWellFormed())
    assert.notInclude(stored, "\0")
    assert.isAtMost(Buffer.byteLength(stored), ErrorText.errorBytesMax)
  })

  it.each([
    new Error("plain"),
    new TypeError("of several\nlines"),
    new Error(""),
    Object.assign(new Error("x"), { stack: "no frames" }),
    Object.assign(new Error("x"), { stack: "Error: x\n  at f\n  at Generator.next\n  at g" }),
    "no error",
    undefined,
    { a: 1 }
  ])("has the stack that Effect shows (%s)", (thrown) => {
    const cause = Cause.die(thrown)

    assert.strictEqual(ErrorText.fromCause(cause), Cause.prettyErrors(cause)[0]!.stack)
  })

  it("is never empty, not even of an empty cause", () => {
    assert.isNotEmpty(ErrorText.fromCause(Cause.empty))
  })

  it("tells what a cause says", () => {
    const cause = Cause.combine(Cause.fail(new Error("first")), Cause.die("second"))

    const text = ErrorText.fromCause(cause)

    assert.include(text, "first")
    assert.include(text, "second")
  })
})
