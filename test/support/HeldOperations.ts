/**
 * A gate before the jobs of operations. A lock would not do: a run waits for none longer than half
 * a second.
 */
import { Effect, Schedule } from "effect"
import * as Session from "./Session.ts"

const gate = 4711

/** Closes the gate until it is opened, or the scope ends. */
export const close = Effect.gen(function*() {
  const { sql } = yield* Session.open
  yield* sql`SELECT pg_advisory_lock(${gate}::bigint)`
  yield* sql.unsafe(`
    CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      WHILE NOT pg_try_advisory_xact_lock_shared(${gate}) LOOP
        PERFORM pg_sleep(0.01);
      END LOOP;
      RETURN NULL;
    END $$
  `)
  yield* sql`
    CREATE OR REPLACE TRIGGER gate BEFORE UPDATE ON pgq.operation_items
    EXECUTE FUNCTION wait_at_gate()
  `

  const isReached = sql<{ is: boolean }>`
    SELECT EXISTS (
      SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%run_operation%' AND wait_event = 'PgSleep'
    ) AS is
  `.pipe(Effect.repeat({
    until: ([row]) => row!.is,
    schedule: Schedule.spaced("10 millis")
  }))
  return {
    /** Waits until a run is at the gate. */
    isReached: Effect.asVoid(isReached),
    open: Effect.asVoid(sql`SELECT pg_advisory_unlock(${gate}::bigint)`)
  }
})
