/**
 * Runs examples as processes, and the statements of files.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Layer } from "effect"
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as PgSchema from "../src/layers/postgres/PgSchema.ts"
import * as Postgres from "./support/Postgres.ts"

export const root = fileURLToPath(new URL("..", import.meta.url))
export const example = (name: string) => join(root, "examples", name)

/**
 * Runs a program to its end. The program is killed when the test is over, or when stderr matches
 * `until`.
 */
export const run = Effect.fnUntraced(function*(
  command: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly path?: string; readonly until?: RegExp } = {}
) {
  const { url } = yield* Postgres.TestDatabase
  return yield* Effect.callback<Ended>((resume) => {
    const [program = "", ...args] = command
    const PATH = [options.path, process.env["PATH"]].filter(Boolean).join(":")
    const child = spawn(program, args, {
      cwd: options.cwd ?? root,
      env: { PATH, HOME: process.env["HOME"], PGQ_URL: url }
    })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => stdout += text)
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text
      if (options.until?.test(stderr)) child.kill("SIGKILL")
    })
    child.once("close", (code) => resume(Effect.succeed({ code, stdout, stderr })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
})

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const node = (name: string, ...args: ReadonlyArray<string>) => [
  process.execPath,
  "--import",
  join(root, "scripts", "typescript.mjs"),
  example(name),
  ...args
]

/** The lines that an example printed, without times. */
export const lines = ({ stderr, stdout }: Ended) =>
  `${stdout}\n${stderr}`.split("\n").map((line) => line.replace(/^\[[\d:.]+\] INFO \(#\d+\): /, ""))
    .filter((line) => line !== "")

export const onDatabase = Effect.provide(Postgres.layer)
export const onMigrated = Effect.provide(
  Layer.provideMerge(Layer.effectDiscard(PgSchema.migrate()), Postgres.layer)
)

/** Runs the statements of a file one by one. Answers with the rows of each statement. */
export const runSql = Effect.fnUntraced(function*(name: string) {
  const sql = yield* PgClient.PgClient
  const statements = readFileSync(example(name), "utf8").replaceAll(/^--.*\n/gm, "").split(/;\s*\n/)
  return yield* Effect.forEach(
    statements.filter((statement) => statement.trim() !== ""),
    (statement) => sql.unsafe<Record<string, unknown>>(statement)
  )
})
