/**
 * `pgq operations`, `pgq operation` and `pgq undo`, on a database of its own.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as QueueLive from "../../src/layers/QueueLive.ts"
import { Operations } from "../../src/services/Operations.ts"
import * as Postgres from "../support/Postgres.ts"
import * as Pgq from "./Pgq.ts"

layer(Postgres.layer, { excludeTestServices: true, timeout: "60 seconds" })("operations", (it) => {
  it.effect("are shown, and undone once", () =>
    Effect.gen(function*() {
      const { flags, name: schema, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      const rows = yield* sql<{ id: bigint }>`
        INSERT INTO ${table("jobs")} (name) VALUES ('mail'), ('mail') RETURNING id
      `
      const ids = rows.map(({ id }) => id)
      const { id } = yield* Operations.use((all) =>
        Effect.flatMap(
          all.plan({ action: "discard", ids: [...ids, 0n], actor: "ada", reason: "a\u001b[2Jb" }),
          (plan) => all.run(plan.id)
        )
      ).pipe(Effect.provide(QueueLive.client({ schema })))
      yield* sql`UPDATE ${table("finished_jobs")} SET redriven_at = now() WHERE id = ${ids[1]!}`

      const list = yield* Pgq.run(["operations", ...flags])
      const one = yield* Pgq.run(["operation", id, ...flags])
      const undone = yield* Pgq.run(["undo", id, ...flags])
      const again = yield* Pgq.run(["undo", id, "--json", ...flags])
      const unknown = yield* Pgq.run(["operation", crypto.randomUUID(), ...flags])
      const mistaken = yield* Pgq.run(["undo", "7", ...flags])

      assert.match(list.stdout, /discard +done +3 +2 +1 +0 +a \[2Jb/)
      assert.include(one.stdout, "discard 3 jobs, done: 2 discarded, 1 gone\nplanned by ada at")
      assert.include(one.stdout, `2 can be undone: pgq undo ${id}`)
      assert.match(one.stdout, /\n *2 +default +mail +ready +yes +yes\n/)
      assert.match(one.stdout, new RegExp(`\n *${ids[0]} +discarded`))
      assert.include(undone.stdout, "the undo: 1 changed, 1 undone")
      assert.deepInclude(JSON.parse(again.stdout), { state: "undone", undone: 1 })
      assert.deepStrictEqual([undone.code, again.code], [1, 1])
      assert.include(unknown.stderr, "there is no such operation")
      assert.include(mistaken.stderr, "the id of an operation is not a uuid")
      assert.lengthOf(yield* sql`SELECT FROM ${table("jobs")}`, 1)
    }))

  it.effect("are planned by a search, and run only if the number of their jobs is known", () =>
    Effect.gen(function*() {
      const { flags, table } = yield* Pgq.schema
      const sql = yield* PgClient.PgClient
      yield* sql`INSERT INTO ${table("jobs")} (name) VALUES ('mail'), ('mail'), ('report')`
      const plan = ["plan", "discard", "name:mail"]

      const looked = yield* Pgq.run([...plan, ...flags])
      const wrong = yield* Pgq.run([...plan, "--run", "3", ...flags])
      const before = yield* sql`SELECT FROM ${table("jobs")}`
      const done = yield* Pgq.run([...plan, "--run", "2", "--json", ...flags])
      const mistaken = yield* Pgq.run(["plan", "discard", "state:lost", ...flags])

      assert.include(looked.stdout, "nothing was changed: add --run 2 to run it")
      assert.include(wrong.stdout, "nothing was changed: they are 2 jobs, not 3")
      assert.lengthOf(before, 3)
      assert.deepInclude(JSON.parse(done.stdout), { state: "done", done: 2, query: "name:mail" })
      assert.deepStrictEqual(
        [looked, wrong, done, mistaken].map(({ code }) => code),
        [0, 1, 0, 1]
      )
      assert.lengthOf(yield* sql`SELECT FROM ${table("jobs")}`, 1)
    }))
})
