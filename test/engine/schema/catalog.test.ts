/**
 * What must hold for the functions and sequences in the database, by the catalog.
 *
 * Tests `sql/0012_function_settings.sql`.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as PgQueue from "../../support/PgQueue.ts"
import { options } from "../Live.ts"

const functions = PgClient.PgClient.use((sql) =>
  sql<{ name: string; settings: ReadonlyArray<string>; is_definer: boolean; source: string }>`
    SELECT proname AS name, coalesce(proconfig, '{}') AS settings, prosecdef AS is_definer,
           prosrc AS source
    FROM pg_proc WHERE pronamespace = 'pgq'::regnamespace ORDER BY proname
  `
)

/** The steps whose statements must not change their plans. */
const hot = [
  "claim",
  "note_late",
  "leave",
  "promote",
  "reconcile",
  "rescue",
  "settle"
]

/** What each claim, settlement or INSERT calls within a function that has settings. */
const inner = [
  "demote_heads",
  "finish",
  "make_heads",
  "choose_heads",
  "hold",
  "rest_of_lanes",
  "lanes_passed_by",
  "order_each",
  "order_lanes",
  "pass_on",
  "pick",
  "pick_suspects",
  "put_back",
  "refuse_kept",
  "take_completed",
  "take_markers",
  "take_others",
  "wake",
  "wake_all"
]

const isPinned = ({ settings }: { readonly settings: ReadonlyArray<string> }) =>
  settings.includes("search_path=pgq, pg_temp")

layer(PgQueue.database, options)("the functions", (it) => {
  it.effect("see pgq's names first, all but those that look nothing up", () =>
    Effect.gen(function*() {
      const unpinned = (yield* functions).filter((one) => !isPinned(one)).map(({ name }) => name)

      assert.deepStrictEqual(unpinned.filter((name) => !inner.includes(name)), [
        "add_job",
        "begin_step",
        "end_step",
        "enqueue",
        "enqueue",
        "enqueue",
        "lane_stripe",
        "lend_settings",
        "require_read_committed",
        "set_first_state",
        "set_next_state",
        "take_settings"
      ])
    }))

  it.effect("leave it to their callers where each has settings of its own", () =>
    Effect.gen(function*() {
      const all = yield* functions
      for (const name of inner) {
        const callers = all.filter(({ source }) => new RegExp(`\\b${name}\\(`).test(source))
        assert.isAbove(callers.length, 0, name)
        for (const caller of callers) {
          assert.isTrue(isPinned(caller) || inner.includes(caller.name), `${caller.name}: ${name}`)
        }
      }
    }))

  it.effect("leave the planner no choice where they are hot", () =>
    Effect.gen(function*() {
      const all = yield* functions
      for (const name of hot) {
        const settings = all.find((one) => one.name === name)?.settings ?? []
        for (const node of ["seqscan", "bitmapscan", "sort", "hashjoin", "mergejoin"]) {
          assert.include(settings, `enable_${node}=off`, name)
        }
        assert.include(settings, "plan_cache_mode=force_generic_plan", name)
        assert.include(settings, "jit=off", name)
      }
    }))

  it.effect("run with their caller's rights, all but triggers and those that keep history", () =>
    Effect.gen(function*() {
      const lending = (yield* functions).filter(({ is_definer }) => is_definer)

      // Each of these was looked at: it changes no job, as that would run the triggers of others
      // with the owner's rights, and it evaluates nothing that its caller chose.
      assert.deepStrictEqual(
        lending.map(({ name }) => name),
        [
          "announce",
          "clear_leases",
          "mark_changed",
          "mark_deleted",
          "prune_completed",
          "prune_failed",
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

  it.effect("open no subtransactions, but for lanes after a refused claim", () =>
    Effect.gen(function*() {
      const catching = (yield* functions).filter(({ source }) => /EXCEPTION\s+WHEN/i.test(source))

      assert.deepStrictEqual(catching.map(({ name }) => name), ["order_each"])
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
