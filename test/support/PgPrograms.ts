/**
 * PostgreSQL's client programs, if they are installed. The embedded server comes without them.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { delimiter, join } from "node:path"

export interface Programs {
  readonly folder: string
  /** The newest version of a server that the programs support. */
  readonly version: number
}

/** The newest pg_dump with a psql beside it. */
export const find = (): Programs | undefined =>
  folders().flatMap((folder): ReadonlyArray<Programs> => {
    if (!existsSync(join(folder, "psql"))) return []
    const { stdout } = spawnSync(join(folder, "pg_dump"), ["--version"], { encoding: "utf8" })
    const version = /\) (\d+)/.exec(stdout ?? "")?.[1]
    return version === undefined ? [] : [{ folder, version: Number(version) }]
  }).toSorted((a, b) => b.version - a.version)[0]

const debian = "/usr/lib/postgresql"

const folders = (): ReadonlyArray<string> => [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...(existsSync(debian) ? readdirSync(debian).map((name) => join(debian, name, "bin")) : [])
]
