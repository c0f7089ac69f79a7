/**
 * `npm run mutants`: takes one thing after the other out of a copy of pgq, and runs the test that
 * must fail then. Names of mutants choose some of them.
 */
import { Effect, Redacted } from "effect"
import { execFileSync, spawn } from "node:child_process"
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as PlainRole from "../support/PlainRole.ts"
import type { Mutant } from "./Mutant.ts"
import { mutants } from "./mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const parts = [
  "src",
  "sql",
  "scripts",
  "test",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json"
]

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/** A copy of the sources, built if its command line has changed. */
const copy = ({ changes, name }: Mutant, folder: string): string => {
  const path = join(folder, name)
  for (const part of [...parts, "vitest.config.ts", "dist"]) {
    cpSync(join(root, part), join(path, part), {
      recursive: true,
      filter: (source) => !source.includes("postgres-15")
    })
  }
  symlinkSync(join(root, "node_modules"), join(path, "node_modules"))
  for (const { file, from, to } of changes) {
    const text = readFileSync(join(path, file), "utf8")
    writeFileSync(join(path, file), text.replace(from, () => to))
  }
  return path
}

interface Outcome {
  readonly failed: ReadonlyArray<string>
  readonly passed: ReadonlyArray<string>
}

/** How the tests of a name went. What cannot be loaded has neither passed nor failed. */
const test = ({ test: { file, name } }: Mutant, path: string, url: Urls) =>
  Effect.callback<Outcome>((resume) => {
    const results = join(path, "results.json")
    const vitest = join(root, "node_modules", "vitest", "vitest.mjs")
    const args = ["run", file, "-t", name, "--reporter=json", `--outputFile=${results}`]
    const child = spawn(process.execPath, [vitest, ...args], {
      cwd: path,
      stdio: "ignore",
      env: { ...process.env, PGQ_TEST_URL: url.plain, PGQ_TEST_ADMIN_URL: url.admin }
    })
    child.once("close", () => {
      const report: Report = JSON.parse(readFileSync(results, "utf8"))
      const named = (status: string) =>
        report.testResults.flatMap(({ assertionResults }) =>
          assertionResults.filter((one) => one.status === status).map(({ fullName }) => fullName)
        )
      resume(Effect.succeed({ failed: named("failed"), passed: named("passed") }))
    })
    return Effect.sync(() => child.removeAllListeners("close").kill("SIGKILL"))
  })

interface Report {
  readonly testResults: ReadonlyArray<{
    readonly assertionResults: ReadonlyArray<{ readonly status: string; readonly fullName: string }>
  }>
}

/** The server that the tests share, as `globalSetup.ts` takes it. */
interface Urls {
  readonly admin: string
  readonly plain: string
}

/** Whether the test notices: it fails with the mutant, and passes without. */
const isKilled = Effect.fnUntraced(function*(mutant: Mutant, folder: string, url: Urls) {
  const path = copy(mutant, folder)
  if (mutant.changes.some(({ file }) => /^(src|sql)\//.test(file))) {
    execFileSync("node", ["scripts/build.mjs", "--noCheck"], {
      cwd: path,
      stdio: "ignore"
    })
  }
  const { failed, passed } = yield* test(mutant, path, url)
  const isNoticed = failed.length > 0
  say(`${isNoticed ? "killed  " : "SURVIVED"} ${mutant.name}: ${failed[0] ?? mutant.test.name}`)
  if (!isNoticed && passed.length === 0) say(`         no test ran in ${mutant.test.file}`)
  rmSync(path, { recursive: true })
  return isNoticed
})

const main = Effect.gen(function*() {
  const wanted = process.argv.slice(2)
  const chosen = mutants.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "pgq-mutants-"))
      // The server may run as another user than we.
      chmodSync(path, 0o711)
      return path
    }),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  const { url } = yield* EmbeddedPostgres.open({
    dataDir: join(folder, "server"),
    binaries: process.env["PGQ_TEST_BINARIES"] || undefined
  })
  const admin = Redacted.value(url)
  const urls = { admin, plain: yield* PlainRole.make(admin) }
  const killed = yield* Effect.forEach(
    chosen,
    (mutant) => isKilled(mutant, folder, urls),
    { concurrency: 2 }
  )
  const survived = killed.filter((isNoticed) => !isNoticed).length
  say(`${killed.length - survived} of ${killed.length} mutants were noticed`)
  return chosen.length > 0 && survived === 0
}).pipe(Effect.scoped)

process.exitCode = await Effect.runPromise(main) ? 0 : 1
