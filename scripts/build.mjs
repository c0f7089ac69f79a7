/**
 * `npm run build`: makes `dist` anew. Two modules of `src` read files of the checkout, and are
 * replaced by modules that hold the files' contents: nothing that a bundler puts elsewhere needs a
 * file beside it then.
 *
 * node scripts/build.mjs [flags of tsc]
 */
import { buildSync } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const postgres = join(root, "dist/layers/postgres")

const compile = () => {
  rmSync(join(root, "dist"), { recursive: true, force: true })
  const tsc = join(root, "node_modules/.bin/tsc")
  execFileSync(tsc, ["-p", "tsconfig.build.json", ...process.argv.slice(2)], {
    cwd: root,
    // stdout is for what a program prints that is built first.
    stdio: ["ignore", 2, 2]
  })
}

const replace = (path, text) => {
  writeFileSync(path, text)
  rmSync(`${path}.map`)
}

/** In place of `SqlFiles.ts`: the texts of `sql/`. */
const sqlFiles = () => {
  const files = readdirSync(join(root, "sql"))
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      text: readFileSync(join(root, "sql", file), "utf8")
    }))
  return `const files = ${JSON.stringify(files, undefined, 2)}\n\nexport const read = () => files\n`
}

/** In place of `WatchdogProgram.ts`: the thread's program with all that it imports, as a script. */
const watchdogProgram = () => {
  const { metafile, outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: [join(postgres, "watchdog/WatchdogEntry.js")],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "none",
    metafile: true,
    write: false,
    // The renewal's module also starts watchdogs, which the thread does not.
    logOverride: { "empty-import-meta": "silent" },
    logLevel: "warning"
  })
  const text = JSON.stringify(outputFiles[0].text)
  return `${licences(metafile)}export const program = () => ({ source: text, isText: true })

const text = ${text}\n`
}

/** Those of the packages in the program, whose authors ask for it. */
const licences = ({ inputs }) => {
  const folders = Object.keys(inputs).map((path) =>
    /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
  )
  return Array.from(new Set(folders)).filter((folder) => folder !== undefined).toSorted()
    .map((folder) => {
      const path = join(root, folder, "LICENSE")
      const { license, name, version } = JSON.parse(
        readFileSync(join(root, folder, "package.json"), "utf8")
      )
      const text = existsSync(path) ? readFileSync(path, "utf8").trim() : license
      return `/*!\n${name} ${version}\n\n${text}\n*/\n`
    }).join("")
}

compile()
replace(join(postgres, "SqlFiles.js"), sqlFiles())
replace(join(postgres, "watchdog/WatchdogProgram.js"), watchdogProgram())
