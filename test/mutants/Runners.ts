/**
 * Runs the checkers against a mutant.
 */
import { Effect } from "effect"
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Needs from "../support/Needs.ts"
import * as InFiles from "./InFiles.ts"
import type { By, ByTest, Mutant } from "./Mutant.ts"

/** Whether the check notices the mutant, and the text that tells why. */
export interface Verdict {
  readonly isNoticed: boolean
  readonly why: string
}

/** The folder for the files of the runs, and the server that tests share. */
export interface Place {
  readonly folder: string
  readonly urls: { readonly admin: string; readonly plain: string }
}

export const run = (mutant: Mutant, by: By, place: Place): Effect.Effect<Verdict> => {
  switch (by.checker) {
    case "test":
      return inACopy(mutant, by, place)
    case "histories":
      return inItself(place, mutant, "test/properties/historyMutants.test.ts", mutant.name)
    case "model":
      return inItself(place, mutant, "test/model/models.test.ts", `${by.model} ${by.defines}:`)
    case "plans":
      return inItself(place, mutant, "test/plans/matrix.test.ts", `of ${mutant.name}`)
    default:
      return inASoak(mutant)
  }
}

const root = fileURLToPath(new URL("../..", import.meta.url))
const parts = ["src", "sql", "scripts", "test", "docs"]
  .concat(["dashboard", "package.json", "tsconfig.json", "tsconfig.build.json"])
const ofTests = ["vitest.config.ts", "dist"]

/** Runs a test in a copy of pgq without the mechanism, where the test must fail. */
const inACopy = Effect.fnUntraced(function*(mutant: Mutant, by: ByTest, place: Place) {
  const path = join(place.folder, `${mutant.name} ${by.file.replaceAll("/", " ")}`)
  for (const part of [...parts, ...ofTests]) {
    cpSync(join(root, part), join(path, part), {
      recursive: true,
      filter: (source) => !source.includes("node_modules")
    })
  }
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"))
  const issue = InFiles.apply(path, mutant)
  if (issue !== undefined) return { isNoticed: false, why: issue }
  const isBuilt = InFiles.filesOf(mutant).some((file) => /^(src|sql)\//.test(file))
  if (Needs.of(by.file).build && isBuilt) {
    yield* ended(process.execPath, ["scripts/build.mjs", "--noCheck"], path)
  }
  const { failed, passed } = yield* vitest(path, by.file, by.name, place)
  rmSync(path, { recursive: true })
  const isMissing = failed.length + passed.length === 0
  return {
    isNoticed: failed.length > 0,
    why: failed[0] ?? (isMissing ? `no test ran in ${by.file}` : by.name)
  }
})

/** Runs a test that takes the mechanism out by itself, and passes if the change is noticed. */
const inItself = Effect.fnUntraced(
  function*(place: Place, { name }: Mutant, file: string, title: string) {
    mkdirSync(join(place.folder, name), { recursive: true })
    const { failed, passed } = yield* vitest(root, file, title, place, join(place.folder, name))
    return {
      isNoticed: passed.length > 0 && failed.length === 0,
      why: failed[0] ?? passed[0] ?? `no test ran in ${file}`
    }
  }
)

/** A soak that found a violation ends with code 1. */
const inASoak = ({ name }: Mutant) => {
  const args = ["test/soak/main.ts", "--short", "--mutant", name]
  return Effect.map(
    ended(process.execPath, ["--import", "./scripts/typescript.mjs", ...args], root),
    (code) => ({ isNoticed: code === 1, why: `a soak ended with ${code}` })
  )
}

/**
 * The tests of a name that failed, and those that passed. A file that cannot be loaded has neither.
 */
const vitest = Effect.fnUntraced(
  function*(cwd: string, file: string, name: string, place: Place, out: string = cwd) {
    const results = join(out, "results.json")
    const title = name.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
    const options = ["-t", title, "--bail=1", "--reporter=json", `--outputFile=${results}`]
    const bin = join(root, "node_modules", "vitest", "vitest.mjs")
    yield* ended(process.execPath, [bin, "run", file, ...options], cwd, {
      PGQ_TEST_URL: place.urls.plain,
      PGQ_TEST_ADMIN_URL: place.urls.admin
    })
    const report: Report = JSON.parse(readFileSync(results, "utf8"))
    const named = (status: string) =>
      report.testResults.flatMap(({ assertionResults }) =>
        assertionResults.filter((one) => one.status === status).map(({ fullName }) => fullName)
      )
    return { failed: named("failed"), passed: named("passed") }
  }
)

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

const ended = (
  command: string,
  args: ReadonlyArray<string>,
  cwd: string,
  env: Readonly<Record<string, string>> = {}
) =>
  Effect.callback<number | null>((resume) => {
    const child = spawn(command, args, { cwd, stdio: "ignore", env: { ...process.env, ...env } })
    child.once("close", (code) => resume(Effect.succeed(code)))
    return Effect.sync(() => child.removeAllListeners("close").kill("SIGKILL"))
  })
