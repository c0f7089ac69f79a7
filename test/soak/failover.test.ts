/**
 * The failovers of the soak's server lose no commit, or only commits of the time that they answer.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Database from "./Database.ts"
import * as Ledger from "./Ledger.ts"
import * as Server from "./Server.ts"

const versions = (["18", "15"] as const).filter(Server.isThere)

const server = Effect.fnUntraced(function*(version: "15" | "18") {
  const dataDir = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "pgq-failover-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true, maxRetries: 3 }))
  )
  return yield* Server.open(dataDir, version)
})

/** Writes numbers, one after the other, and remembers when each was committed. */
const writing = (url: string, committed: Map<number, number>) =>
  Effect.gen(function*() {
    const sql = yield* Database.connect(url)
    while (true) {
      const n = committed.size
      yield* sql`INSERT INTO written VALUES (${n})`
      committed.set(n, Ledger.now())
    }
  }).pipe(Effect.scoped, Effect.exit)

const written = (url: string) =>
  Effect.map(
    Database.ask(url, (sql) => sql<{ n: number }>`SELECT n FROM written`),
    (rows) => new Set(rows.map(({ n }) => n))
  )

describe.each(versions)("a failover of PostgreSQL %s", (version) => {
  for (const isSynchronous of [true, false]) {
    it.live(
      isSynchronous ? "to a synchronous standby loses nothing" : "to another loses the newest",
      () =>
        Effect.gen(function*() {
          const { failover, url } = yield* server(version)
          yield* Database.ask(url, (sql) => sql`CREATE TABLE written (n integer)`)
          const [found] = yield* Database.ask(
            url,
            (sql) =>
              sql<{ major: string }>`
              SELECT split_part(current_setting('server_version'), '.', 1) AS major
            `
          )
          // `PGQ_TEST_BINARIES` may set another version than 18.
          if (version === "15") assert.strictEqual(found?.major, version)
          const committed = new Map<number, number>()
          const writer = yield* Effect.forkChild(writing(url, committed))

          const forgotten = yield* failover(isSynchronous, 500)
          yield* Fiber.await(writer)
          const left = yield* written(url)
          yield* Database.ask(url, (sql) => sql`INSERT INTO written VALUES (-1)`)

          const lost = Array.from(committed).filter(([n]) => !left.has(n))
          assert.isAbove(committed.size, 0)
          if (isSynchronous) assert.isEmpty(lost)
          else {
            assert.isNotEmpty(lost)
            const { from, until } = forgotten ?? { from: Infinity, until: 0 }
            assert.isTrue(lost.every(([, at]) => from < at && at < until))
          }
        }).pipe(Effect.scoped),
      120_000
    )
  }
})
