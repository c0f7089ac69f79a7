/**
 * One measurement: a fresh database, made ready by one contender, asked one question. Whatever goes
 * wrong or takes too long is told and never stops the run.
 */
import { Client } from "pg"
import type { Contender } from "./Contender.ts"
import * as Crew from "./Crew.ts"
import * as Redis from "./Redis.ts"
import { type Figures, pause, type Scenario, type Stage } from "./Scenario.ts"
import type { Servers } from "./Servers.ts"

export const note = (line: string): void => void process.stderr.write(`${line}\n`)

export const measure = async ({ contender, isQuick, scenario, servers }: {
  readonly scenario: Scenario
  readonly contender: Contender
  readonly servers: Servers
  readonly isQuick: boolean
}): Promise<Figures> => {
  const title = `${scenario.name} | ${contender.name}`
  const undos = servers.undos.use(new AsyncDisposableStack())
  const seconds = scenario.limitSeconds ?? 120
  const limit = AbortSignal.timeout(seconds * 1000)
  const givenUp = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(new Error(`not within ${seconds} s`)))
  })
  const found = open({ contender, isQuick, scenario, servers, title, undos }).then(scenario.run)
  try {
    return await Promise.race([found, givenUp])
  } catch (error) {
    note(`${title}: did not finish: ${error instanceof Error ? error.message : String(error)}`)
    return scenario.figures.map(() => Number.NaN)
  } finally {
    // What is still under way fails when its database goes.
    found.catch(() => {})
    await undos.disposeAsync()
  }
}

const open = async ({ contender, isQuick, scenario, servers, title, undos }: {
  readonly scenario: Scenario
  readonly contender: Contender
  readonly servers: Servers
  readonly isQuick: boolean
  readonly title: string
  readonly undos: AsyncDisposableStack
}): Promise<Stage> => {
  const later = (undo: () => Promise<unknown>) => {
    // A peer that does not close must not hold up the rest.
    undos.defer(() => Promise.race([undo().catch(() => {}), pause(5000)]).then(() => {}))
  }
  const connect = async (url: string) => {
    const client = new Client({ connectionString: url })
    client.on("error", () => {})
    await client.connect()
    later(() => client.end())
    return client
  }
  const server = await connect(servers.url)
  await server.query("DROP DATABASE IF EXISTS bench WITH (FORCE)")
  await server.query("CREATE DATABASE bench")
  if (servers.redisPort !== undefined) await Redis.clear(servers.redisPort)

  const url = new URL(servers.url)
  url.pathname = "/bench"
  const place = {
    url: url.href,
    redisPort: servers.redisPort ?? 0,
    keepsHistory: scenario.keepsHistory ?? true,
    hasKeys: scenario.hasKeys ?? false
  }
  const producer = await contender.open(place)
  later(() => producer.close())
  const sql = await connect(place.url)
  return {
    contender,
    place,
    isQuick,
    producer,
    server,
    later,
    sql,
    analyze: () => sql.query("ANALYZE"),
    note: (line) => note(`${title}: ${line}`),
    crew: (load, processes = 1) => {
      const crew = Crew.start(contender.worker(place, load), processes)
      later(crew.stop)
      return crew
    }
  }
}
