/**
 * Adding jobs by hand: the usual calls of `enqueue`, many queues in one transaction, and the error
 * when a trigger keeps jobs out.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { JobRepo } from "../../src/services/JobRepo.ts"
import { jobOf } from "../Given.ts"
import * as PgQueue from "../support/PgQueue.ts"
import * as Session from "../support/Session.ts"

const options = { excludeTestServices: true, timeout: "1 minute" } as const

/** The arguments of each call, and the columns of its row that differ from the defaults. */
const calls: ReadonlyArray<readonly [args: string, row: object]> = [
  ["'x'", {}],
  ["'x', '{\"a\": 1}'", { payload: "{\"a\": 1}" }],
  ["'x', payload => '{\"a\": 1}'", { payload: "{\"a\": 1}" }],
  ["'x', json_build_object('a', 1)", { payload: "{\"a\": 1}" }],
  ["'x', jsonb_build_object('a', 1)", { payload: "{\"a\": 1}" }],
  ["'x', '[1' || ', 2]'", { payload: "[1, 2]" }],
  ["'x', '{}'::varchar, 'k'::varchar", { key: "k" }],
  ["'x', '{}', 'k', 3", { key: "k", priority: 3 }],
  ["name => 'x'::varchar, key => 7", { key: "7" }],
  ["'x'::name, key => 7::bigint", { key: "7" }],
  ["'x', json_build_array(), 7::numeric", { payload: "[]", key: "7" }],
  [
    "'x', key => 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
    { key: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" }
  ],
  ["'x', key => null, priority => 5::bigint", { priority: 5 }],
  ["'x', priority => 5::smallint, max_attempts => 2", { priority: 5 }],
  ["'x', expires_at => '2999-01-01Z'", { expires: "2999" }],
  ["'x', expires_at => '2999-01-01'::date", { expires: "2999" }],
  ["'x', run_at => now()::timestamp without time zone, queue => 'default'::varchar", {}]
]

layer(PgQueue.layer, options)("enqueue", (it) => {
  for (const [args, row] of calls) {
    it.effect(`is called with ${args}`, () =>
      Effect.gen(function*() {
        const sql = yield* PgClient.PgClient
        const [added] = yield* sql.unsafe<{ id: bigint }>(`SELECT pgq.enqueue(${args}) AS id`)
        const [found] = yield* sql`
          SELECT name, payload::text AS payload, serialization_key AS key, priority, queue,
                 extract(year FROM expires_at)::text AS expires
          FROM pgq.jobs WHERE id = ${added!.id}
        `
        const plain = { name: "x", payload: "{}", key: null, priority: 0, queue: "default" }
        assert.deepStrictEqual(found, { ...plain, expires: null, ...row })
      }))
  }

  it.effect("takes parameters without a type", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      yield* sql.unsafe("PREPARE adding AS SELECT pgq.enqueue($1, $2, $3)").unprepared
      yield* sql.unsafe("EXECUTE adding('x', '{\"a\": 1}', 'prepared')").unprepared
      const found = yield* sql`
        SELECT payload::text AS payload FROM pgq.jobs WHERE serialization_key = 'prepared'
      `
      assert.deepStrictEqual(found, [{ payload: "{\"a\": 1}" }])
    }))

  it.effect("adds to 60,000 queues in one transaction", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      yield* sql`
        INSERT INTO pgq.jobs (name, queue) SELECT 'x', 'tenant-' || n FROM generate_series(1, 60000) AS n
      `
      yield* sql`UPDATE pgq.jobs SET priority = 1 WHERE queue LIKE 'tenant-%'`
      const [row] = yield* sql<{ n: number }>`
        SELECT count(*)::integer AS n FROM pgq.jobs WHERE priority = 1 AND queue LIKE 'tenant-%'
      `
      assert.strictEqual(row?.n, 60_000)
    }))

  it.effect("says so when a trigger keeps jobs out", () =>
    Effect.gen(function*() {
      const { sql } = yield* Session.open
      const repo = yield* JobRepo
      const queue = crypto.randomUUID()
      yield* sql`
        CREATE FUNCTION public.keep_out() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.name = 'unwanted' THEN RETURN NULL; END IF;
          RETURN NEW;
        END $$
      `
      yield* sql`CREATE TRIGGER keep_out BEFORE INSERT ON pgq.jobs
        FOR EACH ROW EXECUTE FUNCTION public.keep_out()`

      const [added] = yield* sql`SELECT pgq.enqueue('unwanted') AS id`
      const unwanted = [jobOf(queue, { name: "unwanted" })]
      const alone = yield* Effect.flip(repo.enqueue(unwanted))
      const beside = yield* Effect.flip(repo.enqueue([jobOf(queue), ...unwanted]))
      const client = yield* PgClient.PgClient
      const inside = yield* Effect.flip(client.withTransaction(repo.enqueue(unwanted)))
      const ids = yield* repo.enqueue([jobOf(queue)])
      const rows = yield* sql`SELECT id FROM pgq.jobs WHERE queue = ${queue}`
      yield* sql`DROP TRIGGER keep_out ON pgq.jobs`

      assert.deepStrictEqual(added, { id: null })
      for (const error of [alone, beside, inside]) {
        assert.match(error.message, /nothing was added: a trigger/)
      }
      assert.deepStrictEqual(rows, ids.map((id) => ({ id })))
    }))
})
