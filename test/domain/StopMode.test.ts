import { assert, describe, it } from "@effect/vitest"
import * as StopMode from "../../src/domain/StopMode.ts"

describe("StopMode", () => {
  it.each(
    [
      [undefined, "drain", "drain"],
      [undefined, "finish", "finish"],
      [undefined, "cancel", "cancel"],
      ["drain", "drain", "finish"],
      ["drain", "cancel", "finish"],
      ["finish", "drain", "cancel"],
      ["finish", "finish", "cancel"],
      ["cancel", "drain", "exit"],
      ["cancel", "cancel", "exit"]
    ] as const
  )("in %s, a request for %s leads to %s", (current, requested, next) => {
    assert.strictEqual(StopMode.escalate(current, requested), next)
  })

  it.each(
    [
      [undefined, ["drain", "finish", "cancel"]],
      ["drain", ["finish", "cancel"]],
      ["finish", ["cancel"]],
      ["cancel", []]
    ] as const
  )("after %s come %s", (current, further) => {
    assert.deepStrictEqual(
      StopMode.stopModes.filter((mode) => StopMode.isFurther(mode, current)),
      [...further]
    )
  })

  it.each(
    [
      [undefined, 0, false, "claim"],
      [undefined, 1, true, "claim"],
      ["drain", 0, false, "end"],
      ["drain", 0, true, "claim"],
      ["drain", 1, false, "claim"],
      ["drain", 1, true, "claim"],
      ["finish", 0, false, "end"],
      ["finish", 0, true, "end"],
      ["finish", 1, false, "wait"],
      ["finish", 1, true, "wait"],
      ["cancel", 0, false, "end"],
      ["cancel", 0, true, "end"],
      ["cancel", 1, false, "wait"],
      ["cancel", 1, true, "wait"]
    ] as const
  )("in %s with %d running, jobs waiting: %s, the next step is to %s", (...row) => {
    const [mode, running, hasUnstarted, step] = row

    assert.strictEqual(StopMode.nextStep({ mode, running, hasUnstarted }), step)
  })

  it("knows each mode by its signal and by PyPGQueue's word", () => {
    const words = ["current", "all", "now"]

    assert.deepStrictEqual(words.map((word) => StopMode.fromWord[word]), [...StopMode.stopModes])
    assert.deepStrictEqual(
      (["SIGHUP", "SIGINT", "SIGTERM"] as const).map(StopMode.fromSignal),
      [...StopMode.stopModes]
    )
    assert.isUndefined(StopMode.fromSignal("SIGUSR1"))
  })

  it("takes no other word for a mode", () => {
    for (const word of ["", "Drain", "stop", "constructor", "__proto__", "toString"]) {
      assert.isUndefined(StopMode.fromWord[word])
    }
  })
})
