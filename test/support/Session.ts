/**
 * One database session that the test controls. A transaction stays open until the test commits it,
 * so a test can interleave two sessions in any order.
 */
import { PgClient } from "@effect/sql-pg"
import { Effect, Redacted, Schedule } from "effect"
import { Reactivity } from "effect/reactivity"
import { TestDatabase } from "./Postgres.ts"

export type Session = Effect.Success<ReturnType<typeof openAt>>

/** Opens a session that closes with the scope. */
export const open = Effect.flatMap(TestDatabase, ({ url }) => openAt(url))

export const openAt = Effect.fnUntraced(function*(url: string) {
  const sql = yield* PgClient.makeClient({ url: Redacted.make(url) }).pipe(
    Effect.provide(Reactivity.layer)
  )
  const run = (statement: string) => Effect.asVoid(sql.unsafe(statement).unprepared)

  const settle = (step: "settle" | "settle_again") => (lease: string, ids: ReadonlyArray<bigint>) =>
    Effect.map(
      sql<{ id: bigint | null }>`
        SELECT id FROM ${sql(`pgq.${step}`)}(
          ARRAY[${lease}::uuid], ARRAY[${ids.length}::integer], ${ids}::bigint[], '[]'
        )
      `,
      // A row of NULLs says that a job has become ready.
      (rows) => rows.flatMap(({ id }) => id ?? [])
    )

  return {
    sql,
    begin: run("BEGIN"),
    beginAt: (isolation: "REPEATABLE READ" | "SERIALIZABLE") =>
      run(`BEGIN ISOLATION LEVEL ${isolation}`),
    commit: run("COMMIT"),
    rollback: run("ROLLBACK"),

    /** Runs a statement as a step of pgq does, so the triggers for changes by hand ignore it. */
    asStep: (statement: string) =>
      run("SELECT set_config('pgq.step', '0', false)").pipe(
        Effect.andThen(run(statement)),
        Effect.andThen(run("SELECT set_config('pgq.step', '', false)"))
      ),

    /** Adds a job by a plain INSERT, and answers with its id. */
    insert: (job: { readonly queue: string; readonly key?: string; readonly priority?: number }) =>
      Effect.map(
        sql<{ id: bigint }>`
          INSERT INTO pgq.jobs (queue, name, serialization_key, priority)
          VALUES (${job.queue}, 'test', ${job.key ?? null}, ${job.priority ?? 0}) RETURNING id
        `,
        ([row]) => row!.id
      ),

    worker: (queue: string) =>
      Effect.map(
        sql<{ id: string }>`
          INSERT INTO pgq.workers
            (id, label, host, pid, queues, mode, concurrency, lease, lease_until)
          VALUES (gen_random_uuid(), 'test', 'here', 1, ARRAY[${queue}], 'row-lock', 1, '1 hour',
                  now() + interval '1 hour')
          RETURNING id::text
        `,
        ([row]) => row!.id
      ),

    claim: (options: {
      readonly queue: string
      readonly worker: string
      readonly limit?: number
      readonly slots?: number
      readonly perLaneMax?: number
      readonly isExclusive?: boolean
    }) =>
      Effect.map(
        sql<{ lease: string; id: bigint }>`
          SELECT lease::text, id FROM pgq.claim(
            ARRAY[${options.queue}], ${options.worker}::uuid, ${options.limit ?? 10},
            ${options.slots ?? 10}, ${options.perLaneMax ?? 0}, ${
          options.isExclusive ?? false
        }, NULL
          ) WHERE id IS NOT NULL ORDER BY priority DESC, id
        `,
        (rows) => ({ lease: rows[0]?.lease ?? "", ids: rows.map(({ id }) => id) })
      ),

    /** Completes jobs of a lease. Answers with the jobs that the lease did not hold. */
    complete: settle("settle"),

    /**
     * Sends the same settlement again. Answers with the jobs that still exist but are not in the
     * lease.
     */
    completeAgain: settle("settle_again"),

    /** The jobs of these leases that another transaction has locked. */
    locked: (leases: ReadonlyArray<string>, ids: ReadonlyArray<bigint>) =>
      Effect.map(
        sql<{ id: bigint }>`
          SELECT id FROM pgq.row_locked(${leases}::uuid[], ${ids}::bigint[]) AS id ORDER BY id
        `,
        (rows) => rows.map(({ id }) => id)
      ),

    /**
     * Settles one job of a lease in another way. `other` is an object that `settle` in sql/ takes.
     */
    settleOther: (other: object) =>
      sql`SELECT id FROM pgq.settle('{}', '{}', '{}', jsonb_build_array(${
        JSON.stringify(other)
      }::jsonb))`
  }
})

/** Waits until `count` statements of the database wait for locks. */
export const waiters = Effect.fnUntraced(function*(count: number) {
  const { sql } = yield* open
  yield* sql<{ n: number }>`
    SELECT count(*)::integer AS n FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
  `.pipe(
    Effect.filterOrFail(([row]) => row!.n >= count),
    Effect.retry(Schedule.upTo(Schedule.spaced("10 millis"), { duration: "10 seconds" }))
  )
}, Effect.scoped)

/** Waits until a statement of the database waits for a lock. */
export const someoneWaits = waiters(1)
