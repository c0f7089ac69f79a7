/**
 * The files of the dashboard, as `npm run build` has made them. In `dist` this module is replaced
 * by one that holds them.
 */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

/** The text of each file, by its path in the folder of the dashboard. */
export const read = (): Readonly<Record<string, string>> => {
  const folder = fileURLToPath(new URL("../../dist/dashboard/", import.meta.url))
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name, parentPath }) => `${parentPath.slice(folder.length)}/${name}`.replace(/^\//, ""))
  return Object.fromEntries(paths.map((path) => [path, readFileSync(folder + path, "utf8")]))
}
