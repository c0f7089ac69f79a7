/**
 * `pgq jobs`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pgq jobs", (it) => {
  it.effect("lists what a search finds, and says how to look further", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`
        INSERT INTO ${table("jobs")} (name, queue, serialization_key, max_attempts)
        SELECT 'charge', 'pay', 'customer ' || n, 5 FROM generate_series(1, 3) AS n
      `
      yield* sql`
        INSERT INTO ${table("finished_jobs")} (id, created_at, finished_at, priority, attempt,
                                               outcome, queue, name, payload, error)
        VALUES (99, now(), now() - interval '1 hour', 0, 2, 'failed', 'pay', 'refund', '{}',
                E'card declined\nby the bank')
      `

      const first = yield* Pgq.run(["jobs", "queue:pay", "--limit", "2", ...flags])
      const [head, ...rows] = first.stdout.trim().split("\n")
      assert.deepStrictEqual(
        head?.split(/ +/),
        ["id", "state", "name", "queue", "key", "tries", "time", "worker", "error"].slice(
          0,
          head?.split(/ +/).length
        )
      )
      assert.lengthOf(rows, 2)
      assert.match(rows[0]!, /^ *\d+ +waiting +charge +pay +customer 3 +0\/5 +\S+ ago$/)
      const after =
        /^2 found among 2 jobs, back to \S+Z; to look further: pgq jobs queue:pay --after (\S+)$/
          .exec(first.stderr.trim())?.[1]

      const rest = yield* Pgq.run(["jobs", "queue:pay", "--after", after!, ...flags])
      assert.include(rest.stdout, "customer 1")
      assert.match(rest.stdout, /99 +failed +refund +pay +2 +1h 0m ago +card declined$/m)
      assert.include(rest.stderr, "2 found, and there are no others")

      const json = yield* Pgq.run(["jobs", "key:\"customer 2\"", "--json", ...flags])
      const { items, next, scanned } = JSON.parse(json.stdout)
      assert.deepInclude(items[0], { key: "customer 2", state: "waiting", maxAttempts: 5 })
      assert.deepStrictEqual([items.length, next, scanned.isComplete], [1, null, true])

      const none = yield* Pgq.run(["jobs", "state:blocked", ...flags])
      assert.deepStrictEqual([none.code, none.stdout], [0, ""])
      const wrong = yield* Pgq.run(["jobs", "queue:pay", "--after", "x", ...flags])
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.stderr, "\"after\" is no cursor")
    }))

  it.effect("marks the place of a mistake", () =>
    Effect.gen(function*() {
      const { code, stderr, stdout } = yield* Pgq.run(["jobs", "queue:pay", "ada"])
      assert.deepStrictEqual([code, stdout], [2, ""])
      const [search, mark, line] = stderr.trimEnd().split("\n")
      assert.deepStrictEqual([search, mark], ["queue:pay ada", "          ^"])
      assert.include(line, "pgq: ada is neither a term nor an id; try name:ada")
    }))
})
