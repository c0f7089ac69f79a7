/**
 * `pgq why`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("why", (it) => {
  it.effect("says why a job and a queue wait, for people and for programs", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const [row] = yield* sql<{ id: string }>`
        INSERT INTO ${table("jobs")} (queue, name, run_at, error)
        VALUES ('mail', 'send', now() + interval '1 hour', ${"a\u001B[31m\nb"})
        RETURNING id::text
      `
      const id = row!.id

      const one = yield* Pgq.run(["why", id, ...flags])
      const queue = yield* Pgq.run(["why", "--queue", "mail", ...flags])
      const json = yield* Pgq.run(["why", id, "--json", ...flags])
      const unknown = yield* Pgq.run(["why", "999999", ...flags])
      const both = yield* Pgq.run(["why", id, "--queue", "mail", ...flags])

      const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`
      const lines = [
        `  1. scheduled: it is for later \\(until ${time}, in (?:1h 0m|59m \\d+s)\\)`,
        `     advice: pgq retry ${id} lets it start at once`,
        "  2. no-worker: no live worker takes jobs of queue mail",
        "     advice: pgq start --queue mail"
      ].join("\n")
      assert.match(one.stdout, new RegExp(`^job ${id} waits\n${lines}\n$`))
      assert.match(queue.stdout, /^queue mail waits\n {2}1\. scheduled: job \d+: it is for later/)
      const [answer] = JSON.parse(json.stdout)
      assert.containsSubset(answer, {
        id,
        verdict: "waits",
        reasons: [{ code: "scheduled", since: null, job: id }, { code: "no-worker" }]
      })
      assert.strictEqual(unknown.code, 1)
      assert.match(unknown.stdout, /^job 999999 is unknown\n/)
      assert.strictEqual(both.code, 2)
      assert.match(both.stderr, /name jobs by their ids, or a queue/)
    }))
})
