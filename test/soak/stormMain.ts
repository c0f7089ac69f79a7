/**
 * `npm run soak:storm -- [--short | --minutes N] [--seed TEXT]`: networks that fail, and a verdict.
 */
import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Exit, Layer, Redacted } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import * as Server from "./Server.ts"
import * as Storm from "./Storm.ts"

const say = (text: string): void => void process.stdout.write(`${text}\n`)

/**
 * A short storm takes less than two minutes, with the rounds that are still under way at its end.
 */
const shortSeconds = 60

const lingerSeconds = 15

const storm = (folder: string, seed: string, seconds: number) =>
  Effect.gen(function*() {
    const server = yield* Server.open(join(folder, "server"), "18", { max_connections: "300" })
    const client = yield* Layer.build(
      PgClient.layer({ url: Redacted.make(server.url), applicationName: "soak" })
    )
    yield* Effect.provideContext(PgSchema.migrate(), client)
    const sql = Context.get(client, PgClient.PgClient)
    return yield* Storm.run({ server, sql, seed, seconds, atOnce: 8 })
  }).pipe(Effect.scoped)

const main = async (): Promise<number> => {
  const { values } = parseArgs({
    options: {
      short: { type: "boolean", default: false },
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: String(process.hrtime.bigint() % 1_000_000n) }
    }
  })
  const { minutes, seed, short } = values
  const seconds = short ? shortSeconds : Number(minutes) * 60
  if (!(seconds > 0)) {
    say("--minutes must be a number above zero")
    return 2
  }
  const folder = mkdtempSync(join(tmpdir(), "pgq-storm-"))
  // The server may run as another user.
  chmodSync(folder, 0o711)
  say(`storm --seed ${seed}, for ${seconds} seconds`)
  const exit = await Effect.runPromiseExit(storm(folder, seed, seconds))
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  if (Exit.isFailure(exit)) {
    say(`the storm itself failed: ${exit.cause}`)
    return 1
  }
  const { faults, rounds, slowest, violations } = exit.value
  say(`${rounds} rounds; faults: ${lineOf(faults)}`)
  say(`slowest, in seconds: ${lineOf(slowest)}`)
  violations.forEach(say)
  say(violations.length === 0 ? "nothing is broken" : `again: --seed ${seed}`)
  return violations.length === 0 ? 0 : 1
}

const lineOf = (figures: ReadonlyMap<string, number>): string =>
  Array.from(figures, ([name, figure]) => `${name} ${Math.round(figure * 10) / 10}`).join(", ")

process.exitCode = await main()

// A process whose layers have closed ends by itself. Node may then loop for ever over the handles
// of sockets that were cut, so it is not asked to close them.
process.once("beforeExit", () => process.exit())
setTimeout(() => {
  say(`still there after ${lingerSeconds} seconds: ${process.getActiveResourcesInfo().join(", ")}`)
  process.exit(1)
}, lingerSeconds * 1000).unref()
