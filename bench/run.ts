/**
 * Runs each scenario for each contender in turn, round by round, on one fresh embedded server, and
 * prints the medians with pgq's ratio to the best peer. Flags: --quick, --only TEXT, --rounds N, --json.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Client } from "pg"
import * as EmbeddedPostgres from "../dist/layers/EmbeddedPostgres.js"
import type { Contender, Scenario } from "./Contender.ts"
import { graphile, graphileBest } from "./contenders/graphile.ts"
import { pgBoss, pgBossBest } from "./contenders/pgboss.ts"
import { pgq } from "./contenders/pgq.ts"
import { idle } from "./scenarios/latency.ts"
import { behindLane, bulk, drain, manyLanes, oneLane, singles } from "./scenarios/rates.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false }
  }
})
const contenders = [pgq, graphileBest, graphile, pgBossBest, pgBoss]
const scenarios = [drain, bulk, ...singles, ...idle, oneLane, manyLanes, behindLane].filter(
  ({ name }) => name.includes(flags.only)
)
const note = (line: string) => process.stderr.write(`${line}\n`)

/** One measurement, in a database of its own. */
const measure = async (server: string, scenario: Scenario, contender: Contender) => {
  const admin = new Client({ connectionString: server })
  await admin.connect()
  await admin.query("DROP DATABASE IF EXISTS bench WITH (FORCE)")
  await admin.query("CREATE DATABASE bench")
  await admin.end()
  const url = new URL(server)
  url.pathname = "/bench"
  const session = await contender.open(url.href)
  const value = await scenario.run(session, flags.quick)
  await session.close()
  note(`${scenario.name} | ${contender.name}: ${shown(value)} ${scenario.unit}`)
  return value
}

const shown = (value: number) =>
  value >= 1000 ? `${(value / 1000).toFixed(1)} k` : value.toFixed(value < 10 ? 2 : 0)

const median = (values: ReadonlyArray<number>) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

const dataDir = mkdtempSync(join(tmpdir(), "pgq-bench-"))
const scope = Effect.runSync(Scope.make())
const server = await Effect.runPromise(
  EmbeddedPostgres.open({ dataDir }).pipe(Scope.provide(scope))
)
const url = Redacted.value(server.url)
const table: Array<{ scenario: Scenario; figures: Map<string, number> }> = []
for (const scenario of scenarios) {
  const entrants = contenders.filter(({ name }) => !scenario.without?.includes(name))
  const found = new Map<string, Array<number>>(entrants.map(({ name }) => [name, []]))
  // The first round warms up the server's caches and every engine's compiler.
  for (let round = flags.quick ? 1 : 0; round <= Number(flags.rounds); round++) {
    for (const contender of entrants) {
      const value = await measure(url, scenario, contender)
      if (round > 0) found.get(contender.name)!.push(value)
    }
  }
  table.push({
    scenario,
    figures: new Map(Array.from(found, ([name, values]) => [name, median(values)]))
  })
}
await Effect.runPromise(Scope.close(scope, Exit.void))
rmSync(dataDir, { recursive: true, force: true })

const ratio = ({ figures, scenario }: typeof table[number]) => {
  const own = figures.get("pgq")!
  const peers = Array.from(figures).filter(([name]) => name !== "pgq").map(([, value]) => value)
  return scenario.isRate ? own / Math.max(...peers) : own / Math.min(...peers)
}

if (flags.json) {
  process.stdout.write(
    JSON.stringify(
      table.map((row) => ({
        scenario: row.scenario.name,
        unit: row.scenario.unit,
        figures: Object.fromEntries(row.figures),
        ratio: ratio(row)
      })),
      null,
      2
    ) + "\n"
  )
} else {
  const header = ["scenario", ...contenders.map(({ name }) => name), "pgq / best peer"]
  const rows = table.map((row) => [
    `${row.scenario.name} (${row.scenario.unit})`,
    ...contenders.map(({ name }) => {
      const value = row.figures.get(name)
      return value === undefined ? "–" : shown(value)
    }),
    `${ratio(row).toFixed(2)}×`
  ])
  const lines = [header, header.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`)
  process.stdout.write([
    `${cpus().length} × ${
      cpus()[0]!.model
    }, Node ${process.versions.node}, PostgreSQL 18, ${flags.rounds} rounds`,
    ...contenders.map(({ name, settings }) => `- ${name}: ${settings}`),
    "",
    ...lines,
    ""
  ].join("\n"))
}
process.exit(0)
