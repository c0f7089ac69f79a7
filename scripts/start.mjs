/**
 * `npm start`: builds pgq if need be, then runs `examples/index-files`.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

const changed = (path) => statSync(join(root, path)).mtimeMs

const newest = (folder) =>
  Math.max(
    ...readdirSync(join(root, folder), { recursive: true })
      .map((name) => changed(join(folder, name)))
  )

const isBuilt = () =>
  existsSync(join(root, "dist/index.js")) &&
  changed("dist/layers/postgres/SqlFiles.js") >
    Math.max(...["src", "sql", "scripts"].map(newest), changed("package.json"))

const build = () => {
  process.stderr.write("building\n")
  execFileSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: ["ignore", 2, 2] })
}

if (!existsSync(join(root, "node_modules/effect"))) {
  process.stderr.write("nothing is installed yet; run npm ci first\n")
  process.exit(1)
}
if (!isBuilt()) build()

await import("./typescript.mjs")
await import("../examples/index-files/main.ts")
