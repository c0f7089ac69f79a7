/**
 * Each statement by hand on a job in each state does what it says or is refused. The documentation
 * shows the results in a table. `PGQ_WRITE_DOCS=1` writes the table there.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as PgQueue from "../support/PgQueue.ts"
import * as PlainSession from "../support/PlainSession.ts"
import * as Session from "../support/Session.ts"
import * as Cell from "./Cell.ts"
import { type Statement, statements } from "./Statements.ts"
import { states } from "./States.ts"

const page = "docs/reference/sql.md"
const table = /(<!-- by hand -->\n)([\s\S]*?)(<!-- end of by hand -->)/

layer(PgQueue.database, { excludeTestServices: true, timeout: "2 minutes" })("by hand", (it) => {
  const cells = new Map<string, ReadonlyArray<string>>()

  const rowOf = Effect.fnUntraced(function*(statement: Statement, isolation: Cell.Isolation) {
    const work = yield* Session.open
    const wakes = yield* (yield* PgClient.PgClient).listen("pgq:wake")
    const sessions = { person: yield* PlainSession.open, work, wakes }
    const [server] = yield* work.sql<{ version: number }>`
      SELECT current_setting('server_version_num')::integer AS version
    `
    if (statement.isMerge && server!.version < 150_000) return undefined
    return yield* Effect.forEach(
      states,
      (state) =>
        Cell.run(sessions, state, statement, isolation).pipe(
          Effect.orDie,
          Effect.catchDefect((cause) =>
            Effect.die(new Error(`${state.name}: ${String(cause)}`, { cause }))
          )
        )
    )
  })

  for (const statement of statements) {
    it.effect(`${statement.text} does what it says, or is refused`, () =>
      Effect.gen(function*() {
        const row = yield* rowOf(statement, "READ COMMITTED")
        if (row !== undefined) cells.set(statement.text, row)
      }))

    it.effect(`${statement.text} is refused where an old snapshot may hide a lease`, () =>
      rowOf(statement, "REPEATABLE READ"))
  }

  it.effect("the documentation shows what came out", () =>
    Effect.sync(() => {
      const lines = [
        ["statement", ...states.map(({ name }) => name)],
        ["---", ...states.map(() => "---")],
        ...Array.from(cells, ([text, row]) => [`\`${text}\``, ...row])
      ].map((line) => `| ${line.join(" | ")} |\n`)
      const text = readFileSync(page, "utf8")
      if (process.env.PGQ_WRITE_DOCS === "1") {
        writeFileSync(page, text.replace(table, (_, from, _old, to) => from + lines.join("") + to))
        return
      }
      const shown = table.exec(text)?.[2]?.split("\n") ?? []
      for (const line of lines) assert.include(shown, line.trimEnd())
    }))
})
