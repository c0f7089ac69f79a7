/**
 * The facts that SQL and TypeScript share about the steps and questions of operators.
 */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { actions, bounds } from "../../../src/domain/Operation.ts"
import { stopModes } from "../../../src/domain/StopMode.ts"
import { meanings } from "../../../src/domain/Why.ts"
import { functionOf, sources, texts, typescript } from "./Contract.ts"

export const factsOfControl: Readonly<Record<string, () => void>> = {
  "Answers to a cancel": () => {
    const steps = ["try_to_cancel", "take_one", "hold_job", "ended_as"].map(functionOf).join("\n")
    const given = steps.matchAll(/(?:outcome := |coalesce\(\([^']*, |THEN )'(\w+)'/g)
    const answers = Array.from(given, ([, answer]) => answer!)
    assert.sameMembers(answers, ["unknown", "stopping", "cancelled", "held", "unfinished"])
    const { text } = sources.find(({ file }) => file.endsWith("PgJobControl.ts"))!
    for (const answer of answers) assert.include(text, `"${answer}"`)
    const states = Array.from(
      functionOf("cancel_some").matchAll(/'(waiting|running)'/g),
      ([, state]) => state
    )
    assert.include(typescript, "ReadonlyArray<\"waiting\" | \"running\">")
    assert.sameMembers(Array.from(new Set(states)), ["waiting", "running"])
  },

  "Answers to operators": () => {
    const steps = ["try_to_change", "take_one", "hold_job", "start_now", "discard_held"]
    const text = [...steps, "edit_held", "redrive", "retry_as_new", "add_copies"].map(functionOf)
      .join("\n")
    const given = text.matchAll(
      /(?:outcome := |answer := |RETURN |THEN |ELSE |SELECT own\.id, )'(\w+)'/g
    )
    const answers = Array.from(given, ([, answer]) => answer!)
    assert.sameMembers(Array.from(new Set(answers)), [
      "changed",
      "conflict",
      "copied",
      "discarded",
      "edited",
      "held",
      "paused",
      "queued",
      "redriven",
      "retried",
      "running",
      "unfinished",
      "unknown"
    ])
    const source = sources.filter(({ file }) => /Pg(Retry|Copies|ByHand)\.ts$/.test(file))
      .map((one) => one.text).join("\n")
    for (const answer of [...answers, "unknown", "completed"]) {
      assert.match(source, new RegExp(`\\b${answer}: |"${answer}"`))
    }
  },

  "Operations": () => {
    const { text } = texts.find(({ file }) => file === "0024_operations.sql")!
    const source = sources.filter(({ file }) =>
      /(PgOperation\w+|domain\/Operation)\.ts$/.test(file)
    )
      .map((one) => one.text).join("\n")
    const [, max] = text.match(/cardinality\(ids\) > (\d+)/) ?? []
    assert.strictEqual(Number(max), bounds.jobsMax)
    assert.deepStrictEqual(
      Array.from(
        text.match(/action IN \(([^)]*)\)\)/)![1]!.matchAll(/'(\w+)'/g),
        ([, name]) => name
      ),
      [...actions]
    )
    const steps = text.match(/result IN \('redriven', 'retried', 'cancelled'[^)]*\)/g)!
    assert.lengthOf(new Set(steps), 1)
    assert.include(source, steps[0])
    assert.lengthOf(`${text}${source}`.match(/interval '10 minutes'/g)!, 3)
  },

  "Reasons": () => {
    const { text } = texts.find(({ file }) => file === "0018_why.sql")!
    const codes = Object.keys(meanings)
    const given = Array.from(text.matchAll(/(?:\(|bigint, )\s*'([a-z-]+)',/g), ([, code]) => code!)
    for (const code of given) assert.include(codes, code)
    for (const code of codes) assert.include(text, `'${code}'`)
    const [, section = ""] = readFileSync("docs/reference/sql.md", "utf8")
      .split("\n## Why a job waits\n")
    const rows = section.split("\n## ")[0]!.matchAll(/^\| `(.*?)` \| (.*?) \|/gm)
    const told = Array.from(rows, ([, code, meaning]) => [code, meaning] as const)
      .filter(([code]) => codes.includes(code!))
    assert.deepStrictEqual(Object.fromEntries(told), meanings)
    assert.include(text, "LIKE 'no handler for %'")
    assert.match(typescript, /`no handler for "\$\{job\.name\}"/)
  },

  "Requests to stop": () => {
    const text = functionOf("ask_to_stop")
    const modes = Array.from(
      text.match(/ARRAY\[(.*)\]/)![1]!.matchAll(/'(\w+)'/g),
      ([, mode]) => mode
    )
    assert.deepStrictEqual(modes, [...stopModes])
    const answers = Array.from(
      text.matchAll(/(?:THEN|ELSE) '([a-z ]+)'/g),
      ([, answer]) => answer!
    )
    assert.deepStrictEqual(answers, ["asked", "already asked", "not found"])
    for (const answer of answers) assert.include(typescript, `"${answer}"`)
  },

  "Objectives": () => {
    const answers = Array.from(
      functionOf("set_objective").matchAll(/(?:THEN|ELSE|RETURN) '([a-z ]+)'/g),
      ([, answer]) => answer!
    )
    assert.deepStrictEqual(answers, ["cleared", "not set", "set"])
    for (const answer of answers) assert.include(typescript, `"${answer}"`)
    assert.match(typescript, /FROM \$\{name\("queues"\)\} WHERE name = ANY \(.*everyQueue/)
  }
}
