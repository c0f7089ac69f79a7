/**
 * The texts of `sql/` and `src/`, for tests of the facts that both share.
 */
import { assert } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"

const filesIn = (folder: string, ending: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => ({ file, text: readFileSync(`${folder}/${file}`, "utf8") }))

export const texts = filesIn("sql", ".sql")
export const sql = texts.map(({ text }) => text).join("\n")
export const sources = filesIn("src", ".ts")
export const typescript = sources.map(({ text }) => text).join("\n")
export const contract = readFileSync("sql/CONTRACT.md", "utf8")

/** The groups of all matches of a pattern. There must be `count` matches. */
export const places = (text: string, pattern: RegExp, count: number) => {
  const found = Array.from(text.matchAll(new RegExp(pattern, "g")), (match) => match.slice(1))
  assert.lengthOf(found, count, String(pattern))
  return found
}

export const numbersIn = (text: string, pattern: RegExp, count: number) =>
  places(text, pattern, count).map(([digits]) => Number(digits))

/** The source text of a function in `sql/`. */
export const functionOf = (name: string) =>
  places(sql, new RegExp(`CREATE FUNCTION (${name}\\([\\s\\S]*?\\n(?:END )?\\$\\$;)`), 1)[0]![0]!

/** The source text of the only constant with this name. */
export const constant = (name: string) =>
  places(typescript, new RegExp(`\\bconst ${name} = (.*)\\n`), 1)[0]![0]!
