/**
 * Rows that come in while the triggers of `jobs` do not fire, or with ids of their own. Such rows
 * come from `pg_restore --data-only --disable-triggers`, from the apply worker of a subscription,
 * and from COPY.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect, Queue } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import * as PlainSession from "../support/PlainSession.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"
import { states } from "./States.ts"

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("restored", (it) => {
  it.effect("jobs keep their states, and go on in their lanes once they are mended", () =>
    Effect.gen(function*() {
      const work = yield* Session.open
      const sql = yield* PgClient.PgClient
      const wakes = yield* sql.listen("pgq:wake")
      const scenes = yield* Effect.forEach(states, (state) => state.make(work))
      const before = yield* work
        .sql`SELECT id, queue, state, run_at FROM pgq.job_states ORDER BY id`

      yield* work.begin
      yield* work.sql`CREATE TEMPORARY TABLE dump AS SELECT * FROM pgq.jobs`
      yield* work.sql`ALTER TABLE pgq.jobs DISABLE TRIGGER ALL`
      yield* work.sql`TRUNCATE pgq.jobs RESTART IDENTITY`
      yield* work.sql`TRUNCATE pgq.dirty_lanes RESTART IDENTITY`
      yield* work.sql`INSERT INTO pgq.jobs OVERRIDING SYSTEM VALUE SELECT * FROM dump`
      yield* work.sql`ALTER TABLE pgq.jobs ENABLE TRIGGER ALL`
      yield* work.commit
      yield* work.sql`SELECT pgq.mend()`

      const after = yield* work.sql`SELECT id, queue, state, run_at FROM pgq.job_states ORDER BY id`
      assert.deepStrictEqual(after, before)
      for (const { held } of scenes) {
        if (held.ids.length > 0) {
          assert.deepStrictEqual(yield* work.complete(held.lease, held.ids), [])
        }
      }
      const [highest] = yield* work.sql<{ id: bigint }>`SELECT max(id) AS id FROM pgq.jobs`
      assert.isAbove(Number(yield* work.insert({ queue: scenes[0]!.queue })), Number(highest!.id))
      for (const [index, { queue, worker }] of scenes.entries()) {
        const { isHeld, isHolding, isLater } = states[index]!
        const claimed = yield* work.claim({ queue, worker })
        const open = yield* work.sql<{ state: string }>`
          SELECT state FROM pgq.job_states WHERE queue = ${queue} AND state IN ('retry', 'blocked')
        `
        assert.isAbove(claimed.ids.length, 0, `${states[index]!.name} ${isHeld} ${isLater}`)
        if (isHolding) assert.strictEqual(open.length, 1)
      }
      const told = new Set<string>()
      while (!told.has("due")) told.add((yield* Queue.take(wakes)).payload)
    }))

  for (
    const [off, on] of [
      ["ALTER TABLE pgq.jobs DISABLE TRIGGER ALL", "ALTER TABLE pgq.jobs ENABLE TRIGGER ALL"],
      ["SET LOCAL session_replication_role = replica", "RESET session_replication_role"]
    ] as const
  ) {
    it.effect(`jobs that were loaded as ready before their time wait for it: ${off}`, () =>
      Effect.gen(function*() {
        const work = yield* Session.open
        // Only a superuser may set session_replication_role.
        const loader = yield* Session.openAt((yield* TestDatabase).adminUrl)
        const queue = crypto.randomUUID()
        const worker = yield* work.worker(queue)
        yield* loader.begin
        yield* loader.sql.unsafe(off).unprepared
        yield* loader.sql`
          INSERT INTO pgq.jobs (queue, name, run_at)
          VALUES (${queue}, 'late', now() + interval '1 hour'), (${queue}, 'now', NULL)
        `
        yield* loader.sql.unsafe(on).unprepared
        yield* loader.commit
        const [late] = yield* work
          .sql`SELECT state FROM pgq.jobs WHERE name = 'late' AND queue = ${queue}`
        yield* work.sql`SELECT pgq.mend()`

        assert.deepStrictEqual(late, { state: "ready" })
        assert.lengthOf((yield* work.claim({ queue, worker })).ids, 1)
      }))
  }

  it.effect("ids that COPY has brought are not given again once they are mended", () =>
    Effect.gen(function*() {
      const work = yield* Session.open
      const person = yield* PlainSession.open
      const queue = crypto.randomUUID()
      const last = yield* work.insert({ queue })
      const brought = [last + 1n, last + 2n]
      const rows = brought.map((id) => `${id}\t${queue}\tcopied\n`).join("")

      const said = yield* person.tell("COPY pgq.jobs (id, queue, name) FROM STDIN", rows)
      yield* work.sql`SELECT pgq.mend()`

      assert.deepStrictEqual(said, {})
      assert.strictEqual(yield* work.insert({ queue }), last + 3n)
    }))
})
