/**
 * The texts of the files in `sql/`, read from the folder. The build replaces this module in `dist`
 * by one that holds the texts, because a bundled program has no such folder.
 */
import { readdirSync, readFileSync } from "node:fs"

export interface SqlFile {
  /** The file's name, without its ending. */
  readonly name: string
  readonly text: string
}

/** In the order of the names. */
export const read = (): ReadonlyArray<SqlFile> => {
  const directory = new URL("../../../sql/", import.meta.url)
  return readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      text: readFileSync(new URL(file, directory), "utf8")
    }))
}
