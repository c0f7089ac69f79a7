/**
 * `npm run soak`: real workers under real faults, and a verdict. See `Options.ts`.
 */
import { Effect, Exit } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Bouncer from "./Bouncer.ts"
import * as Build from "./Build.ts"
import * as Options from "./Options.ts"
import * as Server from "./Server.ts"
import * as Soak from "./Soak.ts"
import * as Violation from "./Violation.ts"

const say = (text: string): void => void process.stdout.write(`${text}\n`)

const main = async (): Promise<number> => {
  const options = Options.parse(process.argv.slice(2))
  if (typeof options === "string") {
    say(`${options}\n${Options.usage}`)
    return 2
  }
  if (options.via === "pgbouncer" && !Bouncer.isThere) {
    say("skipped: pgbouncer is not installed")
    return Options.skipped
  }
  if (!Server.isThere(options.server)) {
    say("skipped: PostgreSQL 15 is not installed; npm ci --prefix test/postgres-15")
    return Options.skipped
  }
  const { mode, mutant, seed, server, via } = options
  const folder = mkdtempSync(join(tmpdir(), "pgq-soak-"))
  const build = Build.make(folder, mutant)
  if (typeof build === "string") {
    say(build)
    rmSync(folder, { recursive: true })
    return 2
  }
  say(
    `soak --seed ${seed} --server ${server} --mode ${mode} --via ${via}` +
      `${mutant === undefined ? "" : ` --mutant ${mutant}`}, in ${folder}`
  )
  const fiber = Effect.runFork(Soak.run(options, { build, folder }))
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => fiber.interruptUnsafe())
  }
  // An uncaught error interrupts the soak, so that none of its processes is left.
  process.once("uncaughtException", (error) => {
    say(`the soak itself failed: ${error.stack}`)
    fiber.interruptUnsafe()
  })
  const exit = await new Promise<Exit.Exit<ReadonlyArray<Violation.Violation>, unknown>>((
    resolve
  ) => fiber.addObserver(resolve))
  const isSound = Exit.isSuccess(exit) && exit.value.length === 0
  for (const name of isSound ? [""] : ["pgq", "server"]) {
    rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 })
  }
  if (Exit.isFailure(exit)) say(`the soak itself failed: ${exit.cause}`)
  say(isSound ? "nothing is broken" : `see ${folder}; again: --seed ${seed}`)
  // A soak that failed itself has found nothing out.
  if (Exit.isFailure(exit)) return 2
  // A slow machine is no fault of a mutant.
  if (mutant !== undefined && !isSound && !Violation.isNoticed(exit.value)) return 2
  return isSound ? 0 : 1
}

// Node may loop for ever at its end, over the handles of sockets that were cut, so it is not asked
// to close them.
process.exit(await main())
