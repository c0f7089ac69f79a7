/**
 * The waiting jobs of BullMQ move into pgq, as docs/guides/moving.md shows it.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { eventually } from "../connections/BusyWorker.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"
import * as Peer from "./Peer.ts"
import * as Redis from "./Redis.ts"

const canRun = Peer.isInstalled && Redis.isInstalled

const moved = Effect.gen(function*() {
  const sql = yield* PgClient.PgClient
  const rows = yield* sql<Record<string, unknown>>`
    SELECT queue, name, payload ->> 'n' AS n, priority, failures, max_attempts, state,
           run_at > now() + interval '50 minutes' AS is_later, error
    FROM pgq.jobs ORDER BY (payload ->> 'n')::integer
  `
  return rows.map((row) => Object.values(row).map((value) => value ?? "").join(" ").trim())
})

const numbers = Effect.map(moved, (jobs) => jobs.map((job) => Number(job.split(" ")[2])))

/** How many jobs are in each list and set of Redis. */
const left = Effect.fnUntraced(function*(port: number) {
  const counts: Array<number> = []
  for (const list of ["wait", "active"]) {
    counts.push(Number(yield* Redis.ask(port, "LLEN", `bull:mail:${list}`)))
  }
  for (const list of ["prioritized", "delayed", "failed", "waiting-children"]) {
    counts.push(Number(yield* Redis.ask(port, "ZCARD", `bull:mail:${list}`)))
  }
  return counts
})

const jobs = [
  "mail flaky 3 0 1 5 scheduled true flaky fails",
  "mail send 10 0 0 1 ready",
  "mail send 11 -5 0 1 ready",
  "mail send 12 -2 0 1 ready",
  "mail send 13 0 0 7 scheduled true",
  "mail send 14 0 0 1 ready",
  "mail send 15 0 0 1 ready"
]
const staying = [
  "mail: 1 stays: its data does not fit",
  "mail: 1 stays: it is the child of another job",
  "mail: 1 stays: a job scheduler made it",
  "mail: 1 stays: it runs",
  "mail: 1 stays: it has failed for good",
  "mail: 1 stays: it waits for its children"
]
const paused = "mail is paused in BullMQ, and stays so until you resume it."

describe.skipIf(!canRun)(
  canRun
    ? "moving from BullMQ"
    : "moving from BullMQ: skipped, for it or redis-server is not installed",
  () => {
    it.live("moves the waiting jobs, once, and gives them back", () =>
      Effect.gen(function*() {
        const port = yield* Redis.start
        yield* Peer.fill("bullmq.mjs", String(port))
        const before = yield* left(port)

        const dry = yield* Peer.run("bullmq-dry-run", port)

        assert.sameMembers(dry, [
          "mail: 7 moves",
          ...staying.slice(1),
          "mail: 1 stays: its data does not fit",
          "A dry run: nothing has moved."
        ])
        assert.deepStrictEqual([yield* moved, yield* left(port)], [[], before])
        assert.strictEqual(yield* Redis.ask(port, "HEXISTS", "bull:mail:meta", "paused"), "0")

        const first = yield* Peer.run("bullmq-move", port)
        assert.sameMembers(first, ["mail: 7 moves", ...staying, paused])
        assert.deepStrictEqual(yield* moved, jobs)
        assert.deepStrictEqual(yield* left(port), [2, 1, 0, 1, 1, 1])

        const again = yield* Peer.run("bullmq-move", port)
        assert.sameMembers(again, [...staying, paused])
        assert.deepStrictEqual(yield* moved, jobs)

        const back = yield* Peer.run("bullmq-undo", port)
        assert.deepStrictEqual(back, ["mail: 7 moves back", paused])
        assert.deepStrictEqual([yield* moved, yield* left(port)], [[], before])
        yield* Peer.run("bullmq-move", port)
        const anew = jobs.map((job) =>
          job.replace("0 1 5 scheduled true flaky fails", "0 0 5 scheduled true")
        )
        assert.deepStrictEqual(yield* moved, anew)

        const starts = yield* Peer.runAll(["mail"], ["send"])
        assert.deepStrictEqual(starts.map(({ n }) => n), [15, 10, 14, 12, 11])
      }).pipe(Effect.scoped, Effect.provide(PgQueue.database)), 120_000)

    it.live(
      "doubles nothing when it ends between the insert and the removal",
      () =>
        Effect.gen(function*() {
          const port = yield* Redis.start
          yield* Peer.fill("bullmq.mjs", String(port))
          const before = yield* left(port)
          const sql = yield* PgClient.PgClient
          // A dry run makes the table `moved_from_bullmq`, which the test locks.
          yield* Peer.run("bullmq-dry-run", port)
          const session = yield* Session.open
          yield* session.begin
          yield* session.sql`LOCK TABLE moved_from_bullmq IN EXCLUSIVE MODE`

          const child = yield* Peer.start("bullmq-move", port)
          yield* eventually(Effect.gen(function*() {
            const waiting = yield* sql`
            SELECT FROM pg_locks
            WHERE NOT granted AND relation = 'moved_from_bullmq'::regclass
          `
            assert.strictEqual(waiting.length, 1)
          }))
          // Redis answers no write from now on, so the script stops between its commit and the
          // removal.
          yield* Redis.ask(port, "CLIENT", "PAUSE", "600000", "WRITE")
          yield* session.rollback
          yield* eventually(Effect.map(numbers, (found) => assert.isNotEmpty(found)))
          const inserted = yield* moved
          child.kill("SIGKILL")
          yield* Redis.ask(port, "CLIENT", "UNPAUSE")

          // Redis may still carry out the one removal that the script had sent. The other inserted
          // jobs are in both queues.
          const [waiting = 0] = yield* left(port)
          assert.isAbove(inserted.length, 1)
          assert.isAbove(waiting, before[0]! - inserted.length)
          const next = yield* Peer.run("bullmq-move", port)
          assert.includeMembers(next, [...staying, paused])
          assert.deepStrictEqual(yield* moved, jobs)
          assert.includeMembers(jobs, inserted)
          assert.deepStrictEqual(yield* left(port), [2, 1, 0, 1, 1, 1])
        }).pipe(Effect.scoped, Effect.provide(PgQueue.database)),
      120_000
    )
  }
)
