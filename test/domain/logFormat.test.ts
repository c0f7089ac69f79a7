/**
 * The forms of a line of the log.
 *
 * Tests `src/cli/LogFormat.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as LogFormat from "../../src/cli/LogFormat.ts"

describe("a line of the log", () => {
  it("is one line in each form, but for people", () => {
    const line = {
      at: new Date("2030-01-31T12:34:56.789Z"),
      level: "warn",
      text: "two\nlines",
      fields: [["event", "job.retried"], ["jobs", ["1", "2"]], ["empty", ""]] as const
    }
    assert.strictEqual(
      LogFormat.line("logfmt", line),
      "time=2030-01-31T12:34:56.789Z level=warn msg=\"two\\nlines\" event=job.retried " +
        "jobs=1,2 empty=\"\""
    )
    assert.deepStrictEqual(JSON.parse(LogFormat.line("json", line)), {
      timestamp: "2030-01-31T12:34:56.789Z",
      level: "warn",
      message: "two\nlines",
      event: "job.retried",
      jobs: ["1", "2"],
      empty: ""
    })
    assert.notInclude(LogFormat.line("json", line), "\n")
  })
})
