/**
 * A crash of the server loses no lease of jobs with a key.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as PgSchema from "../../src/layers/postgres/PgSchema.ts"
import { ask } from "./Database.ts"
import * as Server from "./Server.ts"

const server = Effect.gen(function*() {
  const dataDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pgq-crash-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  return yield* Server.open(dataDir, "18")
})

const worker = (url: string) =>
  ask(url, (sql) =>
    sql<{ id: string }>`
      INSERT INTO pgq.workers
        (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
      VALUES (${randomUUID()}::uuid, 'test', 'here', 1, ARRAY['default'], 'row-lock', 1, '1 hour',
              now() + interval '1 hour')
      RETURNING id::text
    `).pipe(Effect.map(([row]) => row?.id ?? ""))

const claim = (url: string, id: string) =>
  ask(
    url,
    (sql) =>
      sql<
        { id: bigint }
      >`SELECT id FROM pgq.claim(ARRAY['default'], ${id}::uuid, 10, 10, 0, false, NULL)`
  )

describe("a crash of the server", () => {
  it.live(
    "forgets no lease of jobs with a key, for which somebody works already",
    () =>
      Effect.gen(function*() {
        const { crash, url } = yield* server
        yield* ask(
          url,
          (sql) => Effect.provideService(PgSchema.migrate(), PgClient.PgClient, sql)
        )
        const [one, other] = [yield* worker(url), yield* worker(url)]
        for (let round = 1; round <= 3; round++) {
          yield* ask(url, (sql) => sql`SELECT pgq.enqueue('job', key => ${`key-${round}`})`)

          const claimed = yield* claim(url, one)
          yield* crash("SIGKILL")

          assert.lengthOf(claimed, 1)
          assert.lengthOf(yield* claim(url, other), 0)
        }
      }).pipe(Effect.scoped),
    120_000
  )
})
