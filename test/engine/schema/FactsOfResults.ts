/**
 * The facts about runs that SQL and TypeScript share. `contract.test.ts` tests them.
 */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { crashed } from "../../../src/domain/JobRun.ts"

const textOf = (file: string) => readFileSync(file, "utf8")

export const factsOfResults: Readonly<Record<string, () => void>> = {
  "Runs": () => {
    const settle = textOf("sql/0005_settle.sql")
    assert.include(settle, "WHERE e.outcome NOT IN ('released', 'unhandled')")
    assert.include(settle, "AND (e.outcome <> 'cancelled' OR e.ran_ms IS NOT NULL)")
    const maintenance = textOf("sql/0006_maintenance.sql")
    assert.include(maintenance, `'${crashed.outcome}',\n         '${crashed.error}'`)
    const listed = textOf("sql/0001_tables.sql").match(/-- (failed, blocked, .*)\.\n/)?.[1]
    const words = textOf("src/domain/JobRun.ts").match(/type RunOutcome = (.*)/)?.[1]
    assert.deepStrictEqual(
      listed?.split(/, | or /),
      words?.split(" | ").map((word) => word.replaceAll("\"", ""))
    )
  }
}
