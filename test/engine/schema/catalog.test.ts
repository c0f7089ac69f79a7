/**
 * Rules for the functions and sequences of the schema, checked in the catalog.
 *
 * Tests `sql/settings.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgMigrations from "../../../src/layers/postgres/PgMigrations.ts"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const functions = PgClient.PgClient.use((sql) =>
  sql<{
    name: string
    settings: ReadonlyArray<string>
    is_definer: boolean
    is_set: boolean
    source: string
  }>`
    SELECT name, settings, is_definer, is_set, prosrc AS source
    FROM ${sql.literal(PgMigrations.functionSettings("pgq"))} AS function_settings
    JOIN pg_proc ON pg_proc.oid = function ORDER BY name
  `
)

type Settings = { readonly settings: ReadonlyArray<string> }

const isPinned = ({ settings }: Settings) => settings.includes("search_path=pgq, pg_temp")

layer(PgQueue.database, options)("the functions", (it) => {
  it.effect("have the settings and rights that sql/settings.sql gives them", () =>
    Effect.gen(function*() {
      const all = yield* functions

      assert.isAbove(all.length, 60)
      assert.deepStrictEqual(all.filter(({ is_set }) => !is_set), [])
    }))

  it.effect("see pgq's names first, or leave it to callers that do, or look nothing up", () =>
    Effect.gen(function*() {
      const all = yield* functions
      const unpinned = all.filter((one) => !isPinned(one))
      const names = new Set(unpinned.map(({ name }) => name))
      const lookingUp = unpinned.filter(({ source }) =>
        PgMigrations.contents().relations.some((name) => new RegExp(`\\b${name}\\b`).test(source))
      )
      assert.isAbove(lookingUp.length, 10)
      for (const { name } of lookingUp) {
        const callers = all.filter(({ source }) => new RegExp(`\\b${name}\\(`).test(source))
        assert.isAbove(callers.length, 0, name)
        for (const caller of callers) {
          assert.isTrue(isPinned(caller) || names.has(caller.name), `${caller.name}: ${name}`)
        }
      }
      const entrances = unpinned.filter(({ name }) =>
        !all.some(({ source }) => new RegExp(`\\b${name}\\(`).test(source))
      )
      assert.deepStrictEqual(Array.from(new Set(entrances.map(({ name }) => name))), [
        "enqueue",
        "lend_settings",
        "set_first_state",
        "set_next_state",
        "take_settings"
      ])
    }))

  it.effect("leave the planner no choice where they are hot", () =>
    Effect.gen(function*() {
      const hot = (yield* functions).filter(({ settings }) => settings.includes("jit=off"))
      assert.includeMembers(hot.map(({ name }) => name), ["claim", "promote", "rescue", "settle"])
      for (const { name, settings } of hot) {
        for (const node of ["seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"]) {
          assert.include(settings, `enable_${node}=off`, name)
        }
        assert.include(settings, "plan_cache_mode=force_generic_plan", name)
      }
    }))

  it.effect("run with their caller's rights, all but triggers, requests, new ids and those that keep history", () =>
    Effect.gen(function*() {
      const lending = (yield* functions).filter(({ is_definer }) => is_definer)

      // Each of these functions was reviewed. None changes a job, because guest triggers would then
      // run with the owner's rights. None evaluates an expression that its caller chose.
      assert.deepStrictEqual(
        lending.map(({ name }) => name),
        [
          "announce",
          "clear_leases",
          "draw_ids",
          "mark_changed",
          "mark_deleted",
          "prune_completed",
          "prune_dropped",
          "prune_failed",
          "prune_logs",
          "prune_runs",
          "request_cancel",
          "withdraw"
        ]
      )
    }))

  it.effect("may be called by nobody who was not given the right", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient

      const open = yield* sql`
        SELECT proname FROM pg_proc WHERE pronamespace = 'pgq'::regnamespace
        AND EXISTS (
          SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0
        )
      `

      assert.deepStrictEqual(open, [])
    }))

  it.effect("open no subtransactions, but for offers, operators, sweeps, and lanes after a refusal", () =>
    Effect.gen(function*() {
      const catching = (yield* functions).filter(({ source }) => /EXCEPTION\s+WHEN/i.test(source))

      assert.deepStrictEqual(catching.map(({ name }) => name), [
        "act_on_each",
        "add_all",
        "end_expired",
        "offer_apart",
        "offer_many",
        "offer_or_leave",
        "order_each",
        "redrive_all",
        "retry_as_new",
        "run_operation",
        "take_one",
        "try_to_undo"
      ])
    }))

  it.effect("work under a hostile search path", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient

      const ids = yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`CREATE TEMPORARY TABLE jobs (id bigint)`
        yield* sql`CREATE TEMPORARY TABLE dirty_lanes (id bigint)`
        yield* sql`SELECT set_config('search_path', 'pg_temp', true)`
        return yield* sql<{ id: bigint }>`SELECT pgq.enqueue('greet', key => 'k') AS id`
      }))

      const [job] = yield* sql`
        SELECT (SELECT count(*)::integer FROM pgq.dirty_lanes WHERE key = 'k') AS marks
        FROM pgq.jobs WHERE id = ${ids[0]!.id}
      `
      assert.deepStrictEqual(job, { marks: 1 })
    }))
})

layer(PgQueue.database, options)("the sequences", (it) => {
  it.effect("are not cached by sessions, which would give ids out of order", () =>
    Effect.gen(function*() {
      const sql = yield* PgClient.PgClient

      const rows = yield* sql`
        SELECT sequencename AS name, cache_size::integer AS cache FROM pg_sequences
        WHERE schemaname = 'pgq' ORDER BY name`

      assert.deepStrictEqual(rows, [
        { name: "dirty_lanes_id_seq", cache: 1 },
        { name: "jobs_id_seq", cache: 1 },
        { name: "withdrawals_id_seq", cache: 1 }
      ])
    }))
})
