/**
 * The facts about runs that SQL and TypeScript share. `contract.test.ts` tests them.
 */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { FailedJob } from "../../../src/domain/FailureReport.ts"
import { bounds, outcomes } from "../../../src/domain/Figures.ts"
import { payloadBytesMax } from "../../../src/domain/JobRecord.ts"
import { crashed } from "../../../src/domain/JobRun.ts"
import { dataBytesMax } from "../../../src/domain/RunReport.ts"

const textOf = (file: string) => readFileSync(file, "utf8")

export const factsOfResults: Readonly<Record<string, () => void>> = {
  "Runs": () => {
    const settle = textOf("sql/0005_settle.sql")
    assert.include(settle, "AND e.outcome NOT IN ('released', 'unhandled')")
    assert.include(settle, "AND (e.outcome <> 'cancelled' OR e.ran_ms IS NOT NULL)")
    const maintenance = textOf("sql/0006_maintenance.sql")
    assert.include(maintenance, `'${crashed.outcome}',\n         '${crashed.error}'`)
    const listed = textOf("sql/0001_tables.sql").match(/-- (failed, blocked, .*)\.\n/)?.[1]
    const words = textOf("src/domain/JobRun.ts").match(/type RunOutcome = (.*)/)?.[1]
    assert.deepStrictEqual(
      listed?.split(/, | or /),
      words?.split(" | ").map((word) => word.replaceAll("\"", ""))
    )
  },

  "Figures": () => {
    const figures = textOf("sql/0023_figures.sql")
    const [, counts, buckets] = figures.match(/'counts' THEN (\d+) ELSE (\d+) END/) ?? []
    assert.deepStrictEqual(
      [Number(counts), Number(buckets)],
      [outcomes.length, bounds.length + 1]
    )
    assert.include(textOf("sql/CONTRACT.md"), `${outcomes.join(", ")}; ${outcomes.length} of them`)
    const [atOnce] = figures.match(/(?<=pulses_max integer DEFAULT )\d+/) ?? []
    const scheduler = textOf("src/layers/postgres/PgScheduler.ts").replaceAll("_", "")
    assert.include(scheduler, `const addedAtOnce = ${atOnce}`)
  },

  "Vitals": () => {
    const [, told = ""] = textOf("sql/CONTRACT.md").match(/the fields of `workers.vitals`: (.*)/) ??
      []
    const fields = textOf("src/domain/Vitals.ts").matchAll(/readonly (\w+):/g)
    assert.deepStrictEqual(
      Array.from(told.matchAll(/`(\w+)`/g), ([, name]) => name),
      Array.from(fields, ([, name]) => name)
    )
  },

  "Reports of failures": () => {
    const [, text = ""] = textOf("sql/0021_failure_reports.sql").split("FUNCTION failure_of")
    const fields = Array.from(text.matchAll(/'(\w+)', /g), ([, field]) => field)
    assert.sameMembers(fields, Object.keys(FailedJob.fields))
    assert.include(text, `<= ${payloadBytesMax} THEN`)
    const settle = textOf("sql/0005_settle.sql")
    const ends = settle.match(/outcome_ IN \((.*)\) THEN\n {4}PERFORM report_failures/)?.[1]
    const reported = `${ends}, 'blocked'`.replaceAll("'", "").split(", ")
    assert.sameMembers(reported, [...FailedJob.fields.outcome.literals])
  },

  "Results": () => {
    const [, columns] = textOf("sql/0005_settle.sql").match(/AS r\((lease .*)\)/) ?? []
    const fields = columns?.split(", ").map((column) => column.split(" ")[0]!) ?? []
    assert.sameMembers(fields, ["lease", "id", "value", "error", "keep"])
    const [, sent] =
      textOf("src/layers/postgres/PgSettle.ts").match(/const resultText([^;]*?)\n}/) ?? []
    for (const field of fields) assert.match(sent ?? "", new RegExp(`\\b${field}\\b`))
    const [, ends] = textOf("sql/0013_control.sql").match(/FUNCTION ends_of([\s\S]*?)\$\$;/) ?? []
    const source = textOf("src/layers/postgres/PgEnds.ts")
    for (const word of ["unfinished", "completed", "unknown"]) {
      assert.include(ends, `'${word}'`)
      assert.include(source, `case "${word}":`)
    }
    const [, answers] = ends?.match(/RETURNS TABLE \(\s*([\s\S]*?)\s*\)/) ?? []
    const [, row] = source.match(/interface EndRow {([\s\S]*?)\n}/) ?? []
    assert.deepStrictEqual(
      Array.from(row?.matchAll(/readonly (\w+):/g) ?? [], ([, name]) => name),
      answers?.split(/,\s+/).map((column) => column.split(" ")[0])
    )
  },

  "Hints of ends": () => {
    const [, suffix, all] = textOf("sql/0005_settle.sql")
      .match(/FUNCTION tell_awaited[\s\S]*?\|\| '(.*)'[\s\S]*?THEN '(.*)' ELSE/) ?? []
    const hints = textOf("src/layers/postgres/PgEndHints.ts")
    assert.include(hints, `channel: \`\${schema}${suffix}\``)
    const [, ids] = hints.match(/\n {2}\/(\S+)\/\.test\(payload\)/) ?? ["", "none"]
    assert.deepStrictEqual(["7", "7,42", all!].map((text) => new RegExp(ids!).test(text)), [
      true,
      true,
      false
    ])
    const control = textOf("sql/0013_control.sql")
    const [, stands] = control.match(/FUNCTION await_ends[\s\S]*?interval '(\d+) minutes'/) ?? []
    const [, renews] = hints.match(/renewEvery = Duration.toMillis\("(\d+) minutes"\)/) ?? []
    assert.isBelow(Number(renews), Number(stands))
  },

  "Reports": () => {
    const [, columns] = textOf("sql/0019_progress.sql").match(/AS r\(\s*(lease .*)\s*\)/) ?? []
    const fields = columns?.split(", ").map((column) => column.split(" ")[0]!) ?? []
    assert.sameMembers(fields, ["lease", "id", "attempt", "fraction", "data", "lines"])
    const [, sent] =
      textOf("src/layers/postgres/PgRunReports.ts").match(/const textOf([^;]*?)\n}/) ?? []
    for (const field of fields) assert.match(sent ?? "", new RegExp(`\\b${field}\\b`))
    assert.include(textOf("sql/CONTRACT.md"), `of ${dataBytesMax.toLocaleString("en")} bytes`)
  },

  "Completions": () => {
    const completions = textOf("sql/0020_transactions.sql")
    const end = textOf("src/domain/TransactionEnd.ts")
    const [, code] = completions.match(/ERRCODE = '(PG\w+)'/) ?? []
    assert.include(end, `const leaseLost = "${code}"`)
    assert.include(textOf("src/layers/memory/MemoryTransactions.ts"), "code: leaseLost")
    const [, answer] = completions.match(/FUNCTION settled([\s\S]*?)\$\$;/) ?? []
    assert.deepStrictEqual(
      Array.from(answer?.matchAll(/(?:THEN|ELSE) '(\w+)'/g) ?? [], ([, word]) => word).toSorted(),
      Array.from(
        end.match(/type CommitAnswer = (.*)/)?.[1]?.matchAll(/"(\w+)"/g) ?? [],
        ([, word]) => word
      )
    )
    const [, columns] = textOf("src/layers/postgres/PgTransact.ts")
      .match(/\$\{completions\} \(([^)]*)\)/) ?? []
    for (const column of columns?.split(", ") ?? ["none"]) {
      assert.match(completions, new RegExp(`^  ${column} `, "m"))
    }
  }
}
