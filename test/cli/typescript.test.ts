/**
 * The features of TypeScript that a job script may use, on each version of Node.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

/** Each construct declares a `value` of 7. */
const constructs: Record<string, string> = {
  "an enum": "enum A { b = 7 }\nconst value: number = A.b",
  "a const enum": "const enum A { b = 7 }\nconst value: number = A.b",
  "a namespace": "namespace N { export const a = 7 }\nconst value = N.a",
  "a parameter property":
    "class P { constructor(readonly a: number) {} }\nconst value = new P(7).a",
  "import = require": "import path = require('node:path')\nconst value = Number(path.join('7'))",
  "an alias of a namespace":
    "namespace N { export const a = 7 }\nimport a = N.a\nconst value: number = a",
  "an assertion in angle brackets": "const value = <number>(7 as unknown)",
  "satisfies": "const value = 7 satisfies number",
  "an alias of a path": "import { seven as value } from '@lib/seven'",
  "an exact alias": "import { seven as value } from 'seven'",
  "a name from baseUrl": "import { seven as value } from 'lib/seven'",
  "a package in TypeScript": "import { seven as value } from 'seven-package'",
  "an import of .js that is .ts": "import { seven as value } from './lib/seven.js'",
  "an import without ending": "import { seven as value } from './lib/seven'",
  "an import of a type": "import { type Seven } from './lib/seven.ts'\nconst value: Seven = 7"
}

const tsconfig = `{
  // As an editor wants it.
  "compilerOptions": {
    "baseUrl": ".", /* here */
    "paths": { "@lib/*": ["nowhere/*", "lib/*"], "seven": ["lib/seven.ts"], },
  },
}`

const seven = "export type Seven = 7\nenum Numbers { seven = 7 }\n" +
  "export const seven: number = Numbers.seven\n"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("a script", (it) => {
  it.effect("may use what is more than types, and import as TypeScript does", () =>
    Effect.gen(function*() {
      const { flags } = yield* Pgq.schema
      const { path, write } = yield* Pgq.folder
      mkdirSync(join(path, "lib"))
      mkdirSync(join(path, "node_modules/seven-package"), { recursive: true })
      write("node_modules/seven-package/package.json", `{ "type": "module", "exports": "./a.ts" }`)
      write("node_modules/seven-package/a.ts", "export const seven: number = 7")
      write("lib/seven.ts", seven)
      write("tsconfig.json", tsconfig)
      const names = Object.keys(constructs)
      names.forEach((name, n) =>
        write(`construct${n}.ts`, `${constructs[name]}\nexport const made: number = value`)
      )
      const imports = names.map((_, n) => `import { made as made${n} } from "./construct${n}.ts"`)
      const all = names.map((_, n) => `made${n}`)
      write(
        "jobs.ts",
        `${imports.join("\n")}
        export const setupJobs = (queue: { handle: (name: string, run: () => void) => void }) => {
          console.error(JSON.stringify([${all.join()}]))
          queue.handle("a", () => {})
        }`
      )
      const queue = yield* Pgq.spawn(["start", ...flags, "-f", "jobs.ts"], { cwd: path })

      const line = yield* queue.line(/^\[|^pgq:/)

      assert.strictEqual(line, JSON.stringify(names.map(() => 7)))
      yield* queue.line(/kill -INT/)
      yield* queue.kill("SIGINT")
      assert.strictEqual((yield* queue.exit).code, 0)
    }))
})
