/**
 * A Redis server of our own, where `redis-server` is installed.
 */
import { Redis } from "ioredis"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Its port, or nothing when there is no Redis here. */
export const start = async (undos: AsyncDisposableStack): Promise<number | undefined> => {
  const dir = mkdtempSync(join(tmpdir(), "pgq-bench-redis-"))
  undos.defer(() => rmSync(dir, { recursive: true, force: true }))
  const port = await freePort()
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir,
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction"
  }
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn("redis-server", args, { stdio: "ignore" })
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve())
    child.once("error", () => resolve())
  })
  undos.defer(() => {
    child.kill("SIGKILL")
    return gone
  })
  const answers = clear(port).then(() => port)
  return Promise.race([answers, gone.then(() => undefined)])
}

/** Empties the server, once it answers. */
export const clear = (port: number): Promise<unknown> => ask(port, (client) => client.flushall())

export const version = async (port: number): Promise<string> => {
  const info = await ask(port, (client) => client.info("server"))
  return /redis_version:(\S+)/.exec(info)?.[1] ?? "of unknown version"
}

const ask = async <A>(port: number, question: (client: Redis) => Promise<A>): Promise<A> => {
  const client = new Redis({ port, maxRetriesPerRequest: 100, retryStrategy: () => 50 })
  client.on("error", () => {})
  try {
    return await question(client)
  } finally {
    client.disconnect()
  }
}

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() =>
        resolve(typeof address === "object" && address !== null ? address.port : 0)
      )
    })
  })
