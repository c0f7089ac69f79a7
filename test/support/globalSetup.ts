/**
 * One PostgreSQL server for the whole test run: the one `PGQ_TEST_URL` names, or an embedded one
 * in a temporary folder. `PGQ_TEST_BINARIES` runs another version: a folder with `bin/initdb` and
 * `bin/postgres`, such as the `native` folder of another platform package.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import * as EmbeddedPostgres from "../../src/layers/EmbeddedPostgres.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The run's server, as a URL whose user may create databases. */
    readonly pgqTestServer: string
  }
}

/** Vitest calls this before the first test, and what it answers after the last. */
export const setup = (project: TestProject): Promise<() => Promise<void>> =>
  Effect.runPromise(Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context())
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const url = yield* server.pipe(Scope.provide(scope), Effect.onError(() => close))
    project.provide("pgqTestServer", url)
    return () => run(close)
  }))

const server = Effect.suspend(() => {
  const { PGQ_TEST_BINARIES: binaries, PGQ_TEST_URL: url } = process.env
  return url ? Effect.succeed(url) : embedded(binaries)
})

const embedded = Effect.fnUntraced(function*(binaries: string | undefined) {
  const dataDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pgq-test-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  const { url } = yield* EmbeddedPostgres.open({ dataDir, binaries: binaries || undefined })
  return Redacted.value(url)
})
