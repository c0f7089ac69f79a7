/**
 * Guest triggers that fire inside pgq's steps see the settings of their own session.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../support/PgQueue.ts"
import { TestDatabase } from "../support/Postgres.ts"
import * as Session from "../support/Session.ts"

const settings = ["search_path", "lock_timeout", "enable_seqscan", "enable_hashjoin", "jit"]

const events = [
  { table: "pgq.jobs", when: "BEFORE INSERT" },
  { table: "pgq.jobs", when: "BEFORE UPDATE" },
  { table: "pgq.jobs", when: "AFTER UPDATE" },
  { table: "pgq.jobs", when: "BEFORE DELETE" },
  { table: "pgq.jobs", when: "AFTER DELETE" },
  { table: "pgq.finished_jobs", when: "AFTER INSERT" },
  { table: "pgq.completed_jobs", when: "BEFORE INSERT" }
]

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("guests", (it) => {
  for (const { table, when } of events) {
    it.effect(`a trigger ${when} on ${table} sees the settings of its session`, () =>
      Effect.gen(function*() {
        const { name } = yield* TestDatabase
        const owner = (yield* Session.open).sql
        yield* owner`CREATE SCHEMA IF NOT EXISTS app`
        yield* owner`CREATE TABLE IF NOT EXISTS app.seen (setting text, value text)`
        yield* owner`TRUNCATE app.seen`
        yield* owner.unsafe(`ALTER DATABASE ${name} SET search_path = app, public`).unprepared
        yield* owner.unsafe(`
          CREATE OR REPLACE FUNCTION app.look() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN
            INSERT INTO seen SELECT name, current_setting(name) FROM unnest(TG_ARGV) AS name;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            RETURN NEW;
          END $$
        `).unprepared
        yield* Effect.acquireRelease(
          owner.unsafe(`
            CREATE TRIGGER looks ${when} ON ${table} FOR EACH ROW
            EXECUTE FUNCTION app.look(${settings.map((setting) => `'${setting}'`).join()})
          `).unprepared,
          () => Effect.orDie(owner.unsafe(`DROP TRIGGER looks ON ${table}`).unprepared)
        )

        const session = yield* Session.open
        const queue = crypto.randomUUID()
        const worker = yield* session.worker(queue)
        yield* session.sql`SELECT pgq.enqueue('x', queue => ${queue}, key => 'k')`
        const { ids, lease } = yield* session.claim({ queue, worker })
        assert.deepStrictEqual(yield* session.complete(lease, ids), [])
        const seen = yield* session.sql`SELECT DISTINCT setting, value FROM app.seen ORDER BY 1`
        const own = yield* session.sql`
          SELECT name AS setting, current_setting(name) AS value
          FROM unnest(${settings}::text[]) AS name ORDER BY 1
        `
        assert.deepStrictEqual(seen, own)
        // The job is finished: the steps have gone on after the trigger.
        assert.lengthOf(yield* session.sql`SELECT FROM pgq.jobs WHERE queue = ${queue}`, 0)
      }).pipe(Effect.scoped))
  }
})
