/**
 * Guest triggers that fire inside pgq's steps see the settings of their own session.
 */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { discard, edit, retry } from "../interleaving/ByOperators.ts"
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

const eventsOfOperators = [
  { table: "pgq.jobs", when: "BEFORE INSERT" },
  { table: "pgq.jobs", when: "AFTER INSERT" },
  { table: "pgq.jobs", when: "BEFORE UPDATE" },
  { table: "pgq.jobs", when: "AFTER UPDATE" },
  { table: "pgq.jobs", when: "AFTER DELETE" },
  { table: "pgq.finished_jobs", when: "AFTER INSERT" },
  { table: "pgq.finished_jobs", when: "BEFORE UPDATE" }
]

/** A trigger that notes the settings that it sees in `app.seen`, until the scope closes. */
const looking = Effect.fnUntraced(function*(table: string, when: string) {
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
  return owner
})

/** The settings that the trigger has seen, and those of the session. */
const compared = Effect.fnUntraced(function*({ sql }: Session.Session) {
  const seen = yield* sql`SELECT DISTINCT setting, value FROM app.seen ORDER BY 1`
  const own = yield* sql`
    SELECT name AS setting, current_setting(name) AS value
    FROM unnest(${settings}::text[]) AS name ORDER BY 1
  `
  return { seen, own }
})

layer(PgQueue.database, { excludeTestServices: true, timeout: "1 minute" })("guests", (it) => {
  for (const { table, when } of events) {
    it.effect(`a trigger ${when} on ${table} sees the settings of its session`, () =>
      Effect.gen(function*() {
        yield* looking(table, when)
        const session = yield* Session.open
        const queue = crypto.randomUUID()
        const worker = yield* session.worker(queue)
        yield* session.sql`SELECT pgq.enqueue('x', queue => ${queue}, key => 'k')`
        const { ids, lease } = yield* session.claim({ queue, worker })
        assert.deepStrictEqual(yield* session.complete(lease, ids), [])
        const { own, seen } = yield* compared(session)
        assert.deepStrictEqual(seen, own)
        // The job is finished: the steps have gone on after the trigger.
        assert.lengthOf(yield* session.sql`SELECT FROM pgq.jobs WHERE queue = ${queue}`, 0)
      }).pipe(Effect.scoped))
  }

  for (const { table, when } of eventsOfOperators) {
    it.effect(`a trigger ${when} on ${table} sees them while an operator puts jobs right`, () =>
      Effect.gen(function*() {
        const session = yield* Session.open
        const queue = crypto.randomUUID()
        const id = yield* session.insert({ queue, key: "k" })
        yield* looking(table, when)
        const other = yield* Session.open

        yield* edit(other, id, { priority: 5 })
        yield* discard(other, [id])
        const answers = yield* retry(other, [id, id])
        const { own, seen } = yield* compared(other)

        assert.deepStrictEqual(answers, ["redriven", "queued"])
        assert.deepStrictEqual(seen, own)
        const [marker] = yield* other.sql`SELECT FROM pgq.dirty_lanes WHERE queue = ${queue}`
        assert.isDefined(marker)
      }).pipe(Effect.scoped))
  }
})
