/**
 * Compiles programs as an application would write them. Their temporary folder lies in this
 * package, so an import of `pgq` finds the package itself.
 */
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"

/**
 * Writes these files, by name, to a folder. Answers with its path and with the compiler's output.
 */
export const programs = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>) {
  const path = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(resolve(".examples-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  const write = (name: string, text: string) =>
    Effect.promise(() => writeFile(join(path, name), text))
  yield* Effect.forEach(Object.entries(files), ([name, text]) => write(name, text))
  yield* write(
    "tsconfig.json",
    JSON.stringify({ extends: "../tsconfig.json", include: ["*.ts"], compilerOptions })
  )
  const said = yield* Effect.promise(() => compile(path))
  return { path, said }
})

const compilerOptions = { noUnusedLocals: false, plugins: [] }

const compile = (path: string): Promise<string> =>
  new Promise((done) => {
    const tsc = resolve("node_modules/typescript/bin/tsc")
    execFile(process.execPath, [tsc, "-p", path], (_, stdout, stderr) => done(stdout + stderr))
  })
