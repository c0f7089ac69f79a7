/**
 * The table of mutants in `docs/reliability.md`: a row for each mechanism.
 */
import { mechanisms } from "./mechanisms.ts"
import type { By } from "./Mutant.ts"
import { mutants } from "./mutants.ts"

export const page = "docs/reliability.md"

const begin = "<!-- The table is made by `npm run docs` from `test/mutants`. -->\n"
const end = "<!-- The end of the table. -->\n"

/** The page with the table as it must be. A page without a place for the table stays as it is. */
export const writtenInto = (text: string): string => {
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  return from < 0 || to < from ? text : text.slice(0, from) + begin + table + text.slice(to)
}

const rows = Object.entries(mechanisms).map(([key, [mechanism, without]]) => {
  const found = mutants.filter((mutant) => mutant.of === key)
    .map(({ by, name }) => `\`${name}\`: ${[...new Set(by.map(nameOf))].join(", ")}`)
  return `| ${mechanism} | ${found.join("; ")} | ${without} |\n`
})

const table = ["| what is taken out | mutant: found by | as |\n", "| --- | --- | --- |\n", ...rows]
  .join("")

function nameOf(by: By): string {
  if (by.checker === "test") return `\`${by.file}\``
  if (by.checker !== "model") return by.checker
  // The other definitions only say how large the model's world is.
  const without = by.defines.split(" ").filter((word) => /^\w+_\w+$/.test(word))
  return `\`${[`${by.model}.pml`, ...without].join(" ")}\``
}
