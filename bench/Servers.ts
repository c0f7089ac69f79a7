/**
 * The servers that everybody is measured on, and all that must be undone at the end of a run,
 * whether it ends by itself or by a signal.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as EmbeddedPostgres from "../dist/layers/embedded/EmbeddedPostgres.js"
import * as Redis from "./Redis.ts"

export interface Servers {
  readonly url: string
  readonly redisPort: number | undefined
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
    return { url: Redacted.value(server.url), redisPort: await Redis.start(undos), undos }
  } catch (error) {
    await undos.disposeAsync()
    throw error
  }
}
