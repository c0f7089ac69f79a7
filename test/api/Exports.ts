/**
 * The names that an application may import, with their declarations and comments.
 */
import { assert } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

export interface Export {
  /** The name as an application writes it, such as `Job.make`. */
  readonly name: string
  /** The entry point, a file in `src`. */
  readonly entry: string
  readonly file: string
  /** Whether the name is a value. A value may be a type as well. */
  readonly isValue: boolean
  /** The comment before the declaration. */
  readonly comment: string
}

/** The entry points for applications in TypeScript. */
export const entries = ["index.ts", "testing.ts", "http.ts", "observe.ts", "job-script.ts"]
  .filter((entry) => existsSync(join("src", entry)))

const textOf = (file: string) => readFileSync(file, "utf8")

/** Every name of the entry points, sorted. */
export const all = (): ReadonlyArray<Export> =>
  entries.flatMap((entry) => {
    const text = textOf(join("src", entry))
    return Array.from(text.matchAll(exporting), ([, type, namespace, names = "", from = ""]) => {
      const file = join(dirname(join("src", entry)), from)
      const all = declarationsOf(file)
      if (namespace !== undefined) {
        return all.map((one) => ({ ...one, entry, name: `${namespace}.${one.name}` }))
      }
      return names.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
        const name = part.replace(/^type /, "")
        const found = all.find((one) => one.name === name)
        assert(found, `${entry} exports ${name}, which ${file} does not declare`)
        const isValue = found.isValue && type === undefined && name === part
        return { ...found, entry, isValue }
      })
    }).flat()
  }).toSorted((one, other) => one.name < other.name ? -1 : 1)

const exporting = /^export (type )?(?:\* as (\w+)|\{([^}]*)\}) from "([^"]+)"/gm

/** The exported declarations of a module, including those it exports from its neighbours. */
const declarationsOf = (file: string): ReadonlyArray<Omit<Export, "entry">> => {
  const text = textOf(file)
  const declared = Array.from(
    text.matchAll(/^export (?:declare )?(const|class|function|interface|type) (\w+)/gm),
    ({ 1: kind = "", 2: name = "", index }) => ({
      name,
      file,
      isValue: !["interface", "type"].includes(kind),
      comment: /\/\*\*((?!\*\/)[\s\S])*\*\/\n$/.exec(text.slice(0, index))?.[0] ?? ""
    })
  )
  const passedOn = Array.from(text.matchAll(exporting), ([, , , names = "", from = ""]) => {
    const others = declarationsOf(join(dirname(file), from))
    return names.split(",").map((part) => {
      const [own = "", name = own] = part.trim().split(" as ")
      return { ...others.find((other) => other.name === own)!, name }
    })
  }).flat()
  // A type and a value may share a name. Of overloads, only the first has a comment.
  const byName = new Map<string, Omit<Export, "entry">>()
  for (const one of [...declared, ...passedOn]) {
    const known = byName.get(one.name)
    byName.set(one.name, {
      ...one,
      isValue: one.isValue || known?.isValue === true,
      comment: [known?.comment, one.comment].filter(Boolean).join("\n")
    })
  }
  return Array.from(byName.values())
}
