/**
 * One PostgreSQL server for the whole test run: the server in `PGQ_TEST_URL`, or an embedded server
 * in a temporary folder. `PGQ_TEST_BINARIES` makes the embedded server another version. It is a
 * folder with `bin/initdb` and `bin/postgres`, such as the `native` folder of another platform
 * package.
 *
 * On the embedded server, tests connect as a plain role that owns their database, and a superuser
 * creates the databases. On a server in `PGQ_TEST_URL`, tests connect as the role in that URL. The
 * role in `PGQ_TEST_ADMIN_URL` creates the databases, or the same role if that variable is not set.
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
    /** The URL of the server for the role that owns the databases and needs no other rights. */
    readonly pgqTestServer: string
    /**
     * The URL of the server for a role that may create databases. On the embedded server, the role
     * is a superuser.
     */
    readonly pgqTestAdmin: string
  }
}

/**
 * Vitest calls this function before the first test, and the returned function after the last test.
 */
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
