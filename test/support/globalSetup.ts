/**
 * One PostgreSQL server for the whole test run: the one `PGQ_TEST_URL` names, or an embedded one
 * in a temporary folder. `PGQ_TEST_BINARIES` runs another version: a folder with `bin/initdb` and
 * `bin/postgres`, such as the `native` folder of another platform package.
 *
 * Tests work as a plain role that owns their database, on a server of one's own as the role that
 * `PGQ_TEST_URL` names. Databases are created by a superuser, there by `PGQ_TEST_ADMIN_URL` or the
 * same role.
 */
import { Effect, Exit, Redacted, Scope } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import * as EmbeddedPostgres from "../../src/layers/embedded/EmbeddedPostgres.ts"
import * as PlainRole from "./PlainRole.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** The run's server, as a URL whose user owns the databases and may do nothing else. */
    readonly pgqTestServer: string
    /** The same, as a URL whose user may create databases; on the embedded server a superuser. */
    readonly pgqTestAdmin: string
  }
}

/** Vitest calls this before the first test, and what it answers after the last. */
export const setup = (project: TestProject): Promise<() => Promise<void>> =>
  Effect.runPromise(Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context())
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const { admin, plain } = yield* server.pipe(
      Scope.provide(scope),
      Effect.onError(() => close)
    )
    project.provide("pgqTestServer", plain)
    project.provide("pgqTestAdmin", admin)
    return () => run(close)
  }))

const server = Effect.suspend(() => {
  const { PGQ_TEST_ADMIN_URL: admin, PGQ_TEST_BINARIES: binaries, PGQ_TEST_URL: plain } =
    process.env
  return plain ? Effect.succeed({ admin: admin || plain, plain }) : embedded(binaries)
})

const embedded = Effect.fnUntraced(function*(binaries: string | undefined) {
  const dataDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pgq-test-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  const { url } = yield* EmbeddedPostgres.open({ dataDir, binaries: binaries || undefined })
  const admin = Redacted.value(url)
  return { admin, plain: yield* PlainRole.make(admin) }
})
