/**
 * `npm run bench:looks [-- --jobs N]`: how long each read of the HTTP API takes, with a million
 * unfinished and a million ended jobs, free and beside a pinned xmin, and what a page that somebody
 * watches costs.
 */
import { spawn } from "node:child_process"
import { parseArgs } from "node:util"
import { Client } from "pg"
import { pgq } from "../contenders/pgq.ts"
import * as Cpu from "../Cpu.ts"
import { note } from "../Measurement.ts"
import * as Servers from "../Servers.ts"
import { type Description, reads } from "./Endpoints.ts"
import { fill } from "./fill.ts"

const { values: flags } = parseArgs({
  options: { jobs: { type: "string", default: "1000000" } }
})
const count = Number(flags.jobs)
if (!Number.isInteger(count) || count < 1000) {
  note("--jobs is a number from 1000 on")
  process.exit(2)
}

const address = "127.0.0.1:17470"
const base = `http://${address}/api/v1`
const rounds = 11

const servers = await Servers.start()
const later = servers.undos
try {
  const connect = async () => {
    const client = new Client({ connectionString: servers.url })
    client.on("error", () => {})
    await client.connect()
    later.defer(() => client.end().catch(() => {}))
    return client
  }
  const producer = await pgq.open({
    url: servers.url,
    redisPort: 0,
    keepsHistory: true,
    hasKeys: true
  })
  later.defer(() => producer.close())
  const sql = await connect()
  note(`fills the schema with ${count} unfinished jobs and ${count} that have ended`)
  await fill(sql, { unfinished: count, ended: count })

  const args = ["api", "-c", servers.url, "--auth", "none", "--listen", address]
  const command = new URL("../../dist/cli/bin.js", import.meta.url).pathname
  const api = spawn(process.execPath, [command, ...args], {
    stdio: ["ignore", "ignore", "inherit"]
  })
  later.defer(async () => void api.kill("SIGKILL"))
  while (!(await isUp())) await new Promise((go) => setTimeout(go, 100))

  const description = JSON.parse(await (await fetch(`${base}/openapi.json`)).text()) as Description
  const first = await sql.query<{ id: string }>("SELECT min(id) AS id FROM pgq.jobs")
  const now = new Date()
  const endpoints = reads(description, {
    id: first.rows[0]!.id,
    queue: "queue 1",
    by: "retrying",
    of: "finished",
    from: new Date(now.getTime() - 3_600_000).toISOString(),
    to: now.toISOString(),
    step: "1 minute"
  })
  const free = await times(endpoints)

  const { rows } = await sql.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")
  const share = await shareOfWatching(rows[0]!.pid)

  note("pins the horizon, and updates a third of the ready jobs")
  const pinning = await connect()
  await pinning.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pgq.jobs LIMIT 1")
  await sql.query("UPDATE pgq.jobs SET priority = 1 WHERE state = 'ready' AND id % 3 = 0")
  const pinned = await times(endpoints)

  const shown = (millis: ReadonlyArray<number> | undefined) =>
    millis === undefined
      ? "not asked | "
      : `${median(millis).toFixed(0)} | ${Math.max(...millis).toFixed(0)}`
  const lines = [
    "| read | ms, median | worst | beside a pinned xmin | worst |",
    "| --- | --- | --- | --- | --- |",
    ...endpoints.map(({ name }) =>
      `| ${name} | ${shown(free.get(name))} | ${shown(pinned.get(name))} |`
    )
  ]
  process.stdout.write(`${lines.join("\n")}\n`)
  process.stdout.write(
    `a page that is watched costs the server ${(share * 100).toFixed(1)} % of a core\n`
  )
} finally {
  await later.disposeAsync()
}

async function isUp(): Promise<boolean> {
  return fetch(`${base}/session`).then(({ ok }) => ok, () => false)
}

/** The milliseconds of each answer. The first look, which opens connections, is not counted. */
async function times(
  endpoints: ReturnType<typeof reads>
): Promise<ReadonlyMap<string, ReadonlyArray<number>>> {
  const found = new Map<string, Array<number>>()
  for (let round = 0; round <= rounds; round++) {
    // Answers are kept for a second.
    const fresh = new Promise((go) => setTimeout(go, 1200))
    for (const { name, path } of endpoints) {
      if (path === undefined) continue
      const begin = performance.now()
      const answer = await fetch(`http://${address}${path}`)
      await answer.text()
      if (round === 0 && !answer.ok) note(`${path} answers ${answer.status}`)
      if (round > 0) found.set(name, [...found.get(name) ?? [], performance.now() - begin])
    }
    await fresh
  }
  return found
}

/** One page, for 20 seconds, as it looks where nothing streams: every two seconds. */
async function shareOfWatching(backend: number): Promise<number> {
  const looks = 10
  const before = Cpu.ofServer(backend)
  const begin = performance.now()
  for (let look = 1; look <= looks; look++) {
    await (await fetch(`${base}/overview`)).text()
    const rest = look * 2000 - (performance.now() - begin)
    await new Promise((go) => setTimeout(go, Math.max(0, rest)))
  }
  return (Cpu.ofServer(backend) - before) / ((performance.now() - begin) / 1000)
}

function median(values: ReadonlyArray<number>): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
