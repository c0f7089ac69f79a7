/**
 * `npm run mutants [-- [--by CHECKER] [--part N/OF] [NAME...]]` takes one mechanism after the other
 * out of pgq, and checks that this is noticed. Without a name and a checker, the checks are tests
 * of the suite. The other checkers, except the soak, are part of the suite themselves. Only
 * `--by soak` runs soaks. `--part 2/3` tries each third mutant, from the second on.
 */
import { Clock, Effect, Redacted } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as PlainRole from "../support/PlainRole.ts"
import type { By, Mutant } from "./Mutant.ts"
import { mutants } from "./mutants.ts"
import * as Part from "./Part.ts"
import * as Runners from "./Runners.ts"

const say = (text: string): void => void process.stdout.write(`${text}\n`)

interface Try {
  readonly mutant: Mutant
  readonly by: By
}

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { by: { type: "string" }, part: { type: "string", default: "1/1" } }
})

const part = Part.parse(values.part)
if (part === undefined) {
  say(`--part ${values.part} is not of the form 2/3`)
  process.exit(2)
}

const checker = values.by ?? (names.length === 0 ? "test" : "")

const chosen: ReadonlyArray<Try> = mutants
  .filter(({ name }) => names.length === 0 || names.includes(name))
  .flatMap((mutant) => mutant.by.map((by) => ({ mutant, by })))
  // A soak takes minutes, so it runs only on request.
  .filter(({ by }) => by.checker.startsWith(checker))
  .filter(({ by }) => checker !== "" || !by.checker.startsWith("soak"))
  .filter((_, index) => Part.has(part, index))
  .toSorted((a, b) => Number(b.mutant.isSlow ?? false) - Number(a.mutant.isSlow ?? false))

/**
 * Soaks have the machine for themselves. Tests wait at times, so twice as many run as there are
 * cores.
 */
const concurrency = chosen.some(({ by }) => by.checker.startsWith("soak"))
  ? 1
  : availableParallelism() * 2

const isNoticed = Effect.fnUntraced(function*({ by, mutant }: Try, place: Runners.Place) {
  const since = yield* Clock.currentTimeMillis
  const { isNoticed, why } = yield* Runners.run(mutant, by, place)
  const seconds = Math.round(((yield* Clock.currentTimeMillis) - since) / 1000)
  say(`${isNoticed ? "noticed " : "SURVIVED"} ${mutant.name}, ${seconds} s, ${by.checker}: ${why}`)
  return isNoticed
})

const temporary = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "pgq-mutants-"))
    // The server may run as another user than this process.
    chmodSync(path, 0o711)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
)

const main = Effect.gen(function*() {
  const folder = yield* temporary
  const { url } = yield* EmbeddedPostgres.open({
    dataDir: join(folder, "server"),
    binaries: process.env["PGQ_TEST_BINARIES"] || undefined
  })
  const admin = Redacted.value(url)
  const place = { folder, urls: { admin, plain: yield* PlainRole.make(admin) } }
  const results = yield* Effect.forEach(chosen, (one) => isNoticed(one, place), { concurrency })
  const noticed = results.filter((isNoticed) => isNoticed).length
  say(`${noticed} of ${results.length} mutants were noticed`)
  return chosen.length > 0 && noticed === results.length
}).pipe(Effect.scoped)

process.exitCode = await Effect.runPromise(main) ? 0 : 1
