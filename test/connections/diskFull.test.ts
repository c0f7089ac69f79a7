/**
 * A server whose disk is full for a while, under a busy worker. The test needs a disk of its own.
 * Without the right to mount one, the test is skipped.
 */
import type { PgClient } from "@effect/sql-pg"
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { SqlError } from "effect/sql"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Database from "../soak/Database.ts"
import * as BusyWorker from "./BusyWorker.ts"

const mount = () => {
  const path = mkdtempSync(join(tmpdir(), "pgq-disk-"))
  const args = ["-t", "tmpfs", "-o", "size=160m,mode=0755", "tmpfs", path]
  return { path, isMounted: spawnSync("mount", args).status === 0 }
}

const unmount = ({ isMounted, path }: ReturnType<typeof mount>): void => {
  if (isMounted) spawnSync("umount", ["-l", path])
  rmdirSync(path)
}

const disk = Effect.map(
  Effect.acquireRelease(Effect.sync(mount), (disk) => Effect.sync(() => unmount(disk))),
  ({ path }) => path
)

const canMount = () => {
  const disk = mount()
  unmount(disk)
  return disk.isMounted
}

/** Fills a disk. Answers an effect that frees the space again. */
const fill = (path: string) =>
  Effect.sync(() => {
    const { bavail, bsize } = statfsSync(path)
    try {
      writeFileSync(join(path, "filler"), Buffer.alloc(bavail * bsize))
    } catch (error) {
      // The server has written meanwhile, and the disk is full all the same.
      assert.include(String(error), "ENOSPC")
    }
    return Effect.sync(() => rmSync(join(path, "filler")))
  })

/** The requests to the server while the disk is full, beside the jobs. */
const demands = {
  "refuses what needs more": (sql: PgClient.PgClient) =>
    sql`CREATE TABLE big AS SELECT repeat('x', 1000) AS x FROM generate_series(1, 100000)`,
  // Without the next segment of its log, the server can write nothing at all. Only a superuser may
  // ask for the next segment.
  "dies of it": (sql: PgClient.PgClient) =>
    Effect.forever(sql`SELECT pg_switch_wal()::text, txid_current()`)
}

for (const [what, demand] of Object.entries(demands)) {
  it.live.runIf(canMount())(
    `a server whose disk is full, which ${what}, until there is room`,
    () =>
      Effect.gen(function*() {
        const path = yield* disk
        const server = yield* BusyWorker.serverIn(join(path, "data"), { max_wal_size: "48MB" })
        const working = yield* BusyWorker.start({
          direct: server.url,
          through: server.url,
          jobs: 600
        })
        yield* working.reach(50)

        const free = yield* fill(path)
        const refusal = yield* Effect.flip(asked(server.adminUrl, demand))
        yield* working.complaints(3)
        yield* free
        const isDead = Exit.isFailure(yield* Effect.exit(asked(server.url, (sql) => sql`SELECT 1`)))
        // Only the owner of the server starts it again.
        if (isDead) yield* server.crash("SIGKILL")

        if (what === "dies of it") assert.isTrue(isDead)
        else assert.match(String(refusal.reason.cause), /No space left on device/)
        yield* working.add(50)
        yield* working.finish
      }).pipe(Effect.scoped),
    90_000
  )
}

const asked = <A>(
  url: string,
  question: (sql: PgClient.PgClient) => Effect.Effect<A, SqlError.SqlError>
) => Effect.scoped(Effect.flatMap(Database.connect(url), question))
