/**
 * Finds the files to index, and says in which folder and how large they are.
 */
import { Effect, FileSystem } from "effect"
import { createRequire } from "node:module"
import { dirname, join, resolve } from "node:path"

export interface SourceFile {
  readonly path: string
  /** Relative to where the search began; the serialization key of its job. */
  readonly folder: string
  /** The priority of its job: larger files first. */
  readonly bytes: number
}

/** Where the installed `effect` package lies. */
export const effectPackage = (): string =>
  dirname(createRequire(import.meta.url).resolve("effect/package.json"))

/** Every source file under `root`, but not those of packages installed in it. */
export const sourceFiles = Effect.fnUntraced(function*(root: string) {
  const files = yield* FileSystem.FileSystem
  const names = yield* files.readDirectory(root, { recursive: true })
  const sources = names.filter((name) =>
    /\.[cm]?[jt]sx?$/.test(name) && !/(^|\/)node_modules\//.test(name)
  )
  const found = yield* Effect.forEach(sources, (name) => {
    const path = resolve(root, name)
    return Effect.map(
      files.stat(path),
      ({ size, type }): ReadonlyArray<SourceFile> =>
        type === "File" ? [{ path, folder: join(".", dirname(name)), bytes: Number(size) }] : []
    )
  }, { concurrency: 16 })
  return found.flat()
})
