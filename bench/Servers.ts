/**
 * The servers that everybody is measured on, and all that must be undone at the end of a run,
 * whether it ends by itself or by a signal.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client } from "pg"
import * as EmbeddedPostgres from "../dist/layers/embedded/EmbeddedPostgres.js"
import * as Redis from "./Redis.ts"

export interface Servers {
  readonly url: string
  readonly redisPort: number | undefined
  /** Which servers these are, and in which version. */
  readonly names: ReadonlyArray<string>
  /** Last first. */
  readonly undos: AsyncDisposableStack
}

export const start = async (): Promise<Servers> => {
  const undos = new AsyncDisposableStack()
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    process.once(signal, () => void undos.disposeAsync().finally(() => process.exit(code)))
  }
  try {
    const dataDir = mkdtempSync(join(tmpdir(), "pgq-bench-"))
    undos.defer(() => rmSync(dataDir, { recursive: true, force: true }))
    const scope = Effect.runSync(Scope.make())
    undos.defer(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    // Its settings are PostgreSQL's own defaults.
    const server = await Effect.runPromise(
      EmbeddedPostgres.open({ dataDir }).pipe(Scope.provide(scope))
    )
    const url = Redacted.value(server.url)
    const redisPort = await Redis.start(undos)
    const names = [`PostgreSQL ${await postgresVersion(url)}`]
    if (redisPort !== undefined) names.push(`Redis ${await Redis.version(redisPort)}`)
    return { url, redisPort, names, undos }
  } catch (error) {
    await undos.disposeAsync()
    throw error
  }
}

const postgresVersion = async (url: string): Promise<string> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>("SHOW server_version")
    return rows[0]!.server_version
  } finally {
    await client.end()
  }
}
