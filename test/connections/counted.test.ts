/**
 * A worker holds no more connections than the documentation says.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Schedule, Schema } from "effect"
import { readFileSync } from "node:fs"
import * as Job from "../../src/layers/job/Job.ts"
import { sizes } from "../../src/layers/postgres/connection/PgConnections.ts"
import { queueName } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as BusyWorker from "./BusyWorker.ts"
import * as ClosingWorker from "./ClosingWorker.ts"

const Task = Job.make("task", { payload: Schema.Finite })
const page = new URL("../../docs/reference/configuration.md", import.meta.url)

/** The most connections that each part opens, as the table in the documentation says. */
const documented = () =>
  new Map(
    Array.from(
      readFileSync(page, "utf8").matchAll(
        /^\| (worker|maintenance|heartbeat|listener) \|[^|]+\| (\d+) \|/gm
      ),
      ([, part, most]) => [part!, Number(most)] as const
    )
  )

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })(
  "a worker's connections",
  (it) => {
    it.effect(
      "are as many as are documented, at most, and few while it is idle",
      () =>
        Effect.gen(function*() {
          const sql = yield* PgClient.PgClient
          const { url } = yield* TestDatabase
          const queue = yield* queueName
          const name = `pgq ${queue.slice(0, 8)}`
          const most = new Map<string, number>()
          const count = Effect.gen(function*() {
            const rows = yield* sql<{ part: string; open: number }>`
            SELECT split_part(application_name, ' ', 3) AS part, count(*)::integer AS open
            FROM pg_stat_activity WHERE application_name LIKE ${`${name}%`} GROUP BY 1
          `
            for (const { open, part } of rows) most.set(part, Math.max(open, most.get(part) ?? 0))
            return rows
          })
          yield* ClosingWorker.worker(Task.toLayer(() => Effect.sleep("1 millis")), {
            url,
            name,
            pool: 10,
            queues: [queue],
            workers: 8,
            lease: "1 second"
          })
          yield* Effect.forkScoped(Effect.repeat(count, Schedule.spaced("5 millis")))
          yield* sql`
          INSERT INTO pgq.jobs (queue, name, payload, serialization_key, run_at)
          SELECT ${queue}, 'task', to_jsonb(n), CASE WHEN n % 2 = 0 THEN 'key ' || n % 7 END,
                 CASE WHEN n % 3 = 0 THEN now() + interval '1 millisecond' * n END
          FROM generate_series(1, 4000) AS n
        `
          yield* BusyWorker.eventually(
            Effect.map(
              sql`SELECT FROM pgq.finished_jobs WHERE queue = ${queue}`,
              (rows) => assert.lengthOf(rows, 4000)
            )
          )

          const limits = documented()
          assert.deepStrictEqual(limits, new Map([...Object.entries(sizes), ["listener", 1]]))
          for (const [part, open] of most) {
            if (part !== "") assert.isAtMost(open, limits.get(part) ?? 0, part)
          }
          assert.sameMembers(Array.from(most.keys()).filter((part) => part !== ""), [
            ...limits.keys()
          ])
        }),
      60_000
    )
  }
)
