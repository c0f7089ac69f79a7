/**
 * Each log line is an event, and the documentation lists the names of all events.
 */
import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { events } from "../../src/domain/LogEvent.ts"
import * as LogTable from "./LogTable.ts"

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join("src", name), "utf8") }))

/** The only lines without an event: the commands that an operator copies from the log. */
const withoutEvent = /StopSignals\.instructions, \(line\) => Effect\.logInfo\(line\)/g

describe("the log", () => {
  it.each(Object.keys(events))("says %s somewhere", (event) => {
    assert(
      sources.some(({ name, text }) => name !== "domain/LogEvent.ts" && text.includes(`"${event}"`))
    )
  })

  it("has an event for each line", () => {
    const others = sources.filter(({ name, text }) =>
      name !== "layers/effects/EventLog.ts" &&
      /Effect\.log(?:Info|Warning|Error|Debug)?\(/.test(
        text.replaceAll(/\/\*\*[\s\S]*?\*\//g, "").replaceAll(withoutEvent, "")
      )
    )
    assert.deepStrictEqual(others.map(({ name }) => name), [])
  })

  it("is documented as `npm run docs` writes it", () => {
    const text = readFileSync(LogTable.page, "utf8")
    assert.include(text, "`claim.failed`")
    assert.strictEqual(text, LogTable.writtenInto(text))
  })
})
