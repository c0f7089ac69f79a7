/**
 * Asks every scenario of every contender in turn, round by round, on one fresh embedded server, and
 * prints the medians with pgq's ratio to the best peer. Flags: --quick, --only TEXT, --rounds N,
 * --json, --own, --against REVISION, --picture FILE, --from FILE.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import * as Against from "./Against.ts"
import { choose, type Row } from "./Charts.ts"
import type { Contender } from "./Contender.ts"
import { contenders as all } from "./contenders/all.ts"
import { measure, note } from "./Measurement.ts"
import * as Picture from "./Picture.ts"
import type { Figures, Scenario } from "./Scenario.ts"
import { scenarios } from "./scenarios/all.ts"
import { drain } from "./scenarios/drain.ts"
import * as Servers from "./Servers.ts"
import { shown } from "./Shown.ts"
import * as Table from "./Table.ts"
import { installed } from "./Versions.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    rounds: { type: "string" },
    json: { type: "boolean", default: false },
    own: { type: "boolean", default: false },
    against: { type: "string" },
    picture: { type: "string" },
    from: { type: "string", multiple: true, default: [] }
  }
})
const roundCount = Number(flags.rounds ?? (flags.quick ? 1 : 3))
const chosen = scenarios.filter(({ name }) =>
  flags.only.length === 0 || flags.only.some((text) => name.includes(text))
)
if (!Number.isInteger(roundCount) || roundCount < 1 || chosen.length === 0) {
  note("--rounds is a number from 1 on, and --only a part of one of these names:")
  for (const { name } of scenarios) note(`  ${name}`)
  process.exit(2)
}
if (flags.against !== undefined) {
  process.exit(Against.run({
    revision: flags.against,
    roundCount,
    flags: [...flags.only.flatMap((text) => ["--only", text]), ...flags.quick ? ["--quick"] : []]
  }))
}

const read = (file: string): { readonly machine: string; readonly rows: ReadonlyArray<Row> } =>
  JSON.parse(readFileSync(file, "utf8"))

const draw = (file: string, caption: string, rows: ReadonlyArray<Row>) => {
  const names = all.filter(({ role }) => role !== "limit").map(({ name }) => name)
  writeFileSync(file, Picture.svg({ own: "pgq", caption, panels: choose(rows, names) }))
}

if (flags.from.length > 0) {
  if (flags.picture === undefined) {
    note("--from reads what --json printed before, for --picture FILE")
    process.exit(2)
  }
  const runs = flags.from.map(read)
  const machines = new Set(runs.map(({ machine }) => machine))
  draw(flags.picture, Array.from(machines).join("; "), runs.flatMap(({ rows }) => rows))
  process.exit(0)
}

const servers = await Servers.start()
// What a peer still has under way when its measurement ends fails here.
process.on("unhandledRejection", () => {})
process.on("uncaughtException", (error) => note(`ignored: ${error.message}`))

const hasRedis = servers.redisPort !== undefined
if (!hasRedis && !flags.own) {
  note("BullMQ is skipped: redis-server is not installed (Debian: apt-get install redis-server)")
}
const contenders = all.filter(({ role }) =>
  flags.own ? role === "own" : hasRedis || role !== "redis"
)

const ask = async (scenario: Scenario, contender: Contender, isQuick: boolean) => {
  const figures = await measure({ scenario, contender, servers, isQuick })
  const texts = figures.map((value, index) => {
    const { of = "", unit } = scenario.figures[index]!
    return `${of} ${shown(value)} ${unit}`.trim()
  })
  if (!figures.every(Number.isNaN)) {
    note(`${scenario.name} | ${contender.name}: ${texts.join(", ")}`)
  }
  return figures
}

if (!flags.quick) {
  note("warming up")
  for (const contender of contenders) await ask(drain, contender, true)
}

const found: Array<Table.Found> = []
for (const scenario of chosen) {
  const entrants = contenders.filter(scenario.asks)
  const rounds = new Map<string, Array<Figures>>(entrants.map(({ name }) => [name, []]))
  for (let round = 0; round < (scenario.isDeep ? 1 : roundCount); round++) {
    for (const contender of entrants) {
      rounds.get(contender.name)!.push(await ask(scenario, contender, flags.quick))
    }
  }
  found.push({ scenario, rounds })
}
await servers.undos.disposeAsync()

const software = [`Node ${process.versions.node}`, ...servers.names].join(", ")
const machine = `${cpus().length} × ${cpus()[0]!.model}, ${software}; ` +
  `PostgreSQL at its defaults, analyzed after loading; ${
    flags.quick ? "quick (fewer jobs and shorter than the names say), " : ""
  }medians of ${roundCount} round(s)`
const rows = Table.json(found, contenders)
const settings = contenders.map(({ name, packages, settings }) => ({
  name,
  versions: packages.map(installed),
  settings
}))
process.stdout.write(
  flags.json
    ? `${JSON.stringify({ machine, settings, rows }, null, 2)}\n`
    : [
      machine,
      "",
      ...settings.map(({ name, settings, versions }) =>
        `- ${name} (${versions.join(", ")}): ${settings}`
      ),
      "",
      ...Table.markdown(found, contenders),
      "",
      "–: cannot be asked of it; or, of a peer at its defaults, left out.",
      ""
    ].join("\n")
)
if (flags.picture !== undefined) draw(flags.picture, machine, rows)
process.exit(0)
