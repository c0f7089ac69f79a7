/**
 * `pgq lane`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("pgq lane", (it) => {
  it.effect("shows the head of a lane, the jobs behind it, and when the last may start", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const key = "customer 7"
      yield* sql`
        INSERT INTO ${table("jobs")} (name, queue, serialization_key)
        SELECT 'charge', 'pay', ${key} FROM generate_series(1, 4)
      `
      // Four runs of 5 s to 10 s.
      yield* sql`
        INSERT INTO ${table("hours")}
        SELECT date_bin('1 hour', clock_timestamp(), 'epoch'), 'pay', 'charge',
               array_fill(0, ARRAY[9]), array_fill(0, ARRAY[18]),
               array_fill(0, ARRAY[12]) || 4 || array_fill(0, ARRAY[5])
      `
      const lane = ["lane", "pay", key, ...flags]

      const first = yield* Pgq.run([...lane, "--limit", "2"])
      const [title, head, behind, , columns, ...rows] = first.stdout.trim().split("\n")
      assert.strictEqual(title, "lane customer 7 of queue pay")
      assert.match(head!, /^head: job \d+ charge, (ready|waiting): /)
      assert.strictEqual(
        behind,
        "behind it: 3 jobs; the last of them starts in about 22.5s, if each runs 7.5s " +
          "(an estimate by the runs of the last day)"
      )
      assert.match(columns!, /^ *id +state +name/)
      assert.lengthOf(rows, 2)
      const after = /to look further: pgq lane pay 'customer 7' --after (\S+)$/m
        .exec(first.stderr)?.[1]

      const { stdout } = yield* Pgq.run([...lane, "--json", "--after", after!])
      const rest = JSON.parse(stdout)
      assert.deepStrictEqual([rest.behind.length, rest.next, rest.behindCount.value], [1, null, 3])

      const none = yield* Pgq.run(["lane", "pay", "nobody", ...flags])
      assert.strictEqual(none.code, 0)
      assert.include(none.stdout, "no job of this key waits or runs")
      const wrong = yield* Pgq.run(["lane", "pay", "", ...flags])
      assert.strictEqual(wrong.code, 1)
      assert.include(wrong.stderr, "the key")
    }))
})
