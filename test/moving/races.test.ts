/**
 * Jobs move into pgq while workers of the other queue run them. Each job is run there or moves into
 * pgq, never both.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../connections/BusyWorker.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Peer from "./Peer.ts"

const canRun = Peer.isInstalled && Peer.hasPsql

const peers = [
  {
    peer: "graphile-worker",
    program: "busyGraphile.mjs",
    command: "graphile-move",
    left: "SELECT FROM graphile_worker.jobs"
  },
  {
    peer: "pg-boss",
    program: "busyPgBoss.mjs",
    command: "pg-boss-move",
    left: "SELECT FROM pgboss.job WHERE data ? 'n' AND state < 'completed'"
  }
]

describe.skipIf(!canRun)(
  canRun ? "moving beside workers" : "moving beside workers: skipped, for they are not installed",
  () => {
    it.live.each(peers)(
      "of $peer loses and doubles nothing",
      ({ command, left, peer, program }) =>
        Effect.gen(function*() {
          const { url } = yield* TestDatabase
          const sql = yield* PgClient.PgClient
          yield* Peer.fill(program, url)
          const ran = sql<{ n: number }>`SELECT n FROM ran`
          yield* eventually(Effect.map(ran, (rows) => assert.isAtLeast(rows.length, 20)))

          yield* Peer.run(command)
          yield* eventually(
            Peer.run(command).pipe(
              Effect.andThen(sql.unsafe(left)),
              Effect.map((rows) => assert.isEmpty(rows))
            )
          )

          const there = (yield* ran).map(({ n }) => n)
          const here = yield* sql<
            { n: number }
          >`SELECT (payload ->> 'n')::integer AS n FROM pgq.jobs`
          const all = [...there, ...here.map(({ n }) => n)].toSorted((a, b) => a - b)
          assert.deepStrictEqual(all, Array.from({ length: 3000 }, (_, n) => n), peer)
          assert.isAbove(here.length, 0)
        }).pipe(Effect.scoped, Effect.provide(PgQueue.database)),
      120_000
    )
  }
)
