/**
 * The soak's own connections, and its tables beside pgq's schema. A trigger writes a history of all
 * leases, and of the holders of unique keys, in the transactions that change them.
 */
import { PgClient } from "@effect/sql-pg"
import { type Duration, Effect, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"

export const applicationName = "soak"

/** A connection that is closed with the scope. */
export const connect = (
  url: string,
  name = applicationName,
  more: { readonly prepare?: boolean } = {}
) =>
  PgClient.makeClient({ url: Redacted.make(url), applicationName: name, ...more }).pipe(
    Effect.provide(Reactivity.layer)
  )

/** Asks until there is an answer, because the server may be down. */
export const ask = <A>(
  url: string,
  question: (sql: PgClient.PgClient) => Effect.Effect<A, unknown>,
  patience: Duration.Input = "10 seconds"
): Effect.Effect<A> =>
  Effect.flatMap(connect(url), question).pipe(
    Effect.scoped,
    Effect.timeout(patience),
    Effect.sandbox,
    Effect.tapError(() => Effect.sleep("200 millis")),
    Effect.eventually
  )

export const version = (url: string) =>
  Effect.map(
    ask(
      url,
      (sql) => sql<{ version: string }>`SELECT current_setting('server_version') AS version`
    ),
    ([row]) => row?.version ?? "?"
  )

/** Runs after pgq's migrations. */
export const prepare = (url: string): Effect.Effect<void> =>
  ask(
    url,
    (sql) => Effect.forEach(statements, (text) => sql.unsafe(text).unprepared, { discard: true })
  )

// Each row of the history has the jobs that came into a lease, or those that left it. `sent` is the
// start of the transaction; a claim is a transaction of one statement.
const statements = [
  "CREATE SCHEMA soak",
  "CREATE TABLE soak.effects (n bigint NOT NULL, pid integer NOT NULL)",
  `CREATE TABLE soak.transacted (
    n bigint NOT NULL, pid integer NOT NULL, attempt integer NOT NULL
  )`,
  `CREATE TABLE soak.history (
    id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, sent timestamptz NOT NULL,
    is_claim boolean NOT NULL, lease uuid NOT NULL, mode text, ids bigint[] NOT NULL
  )`,
  `CREATE FUNCTION soak.remember() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    before bigint[] := '{}';
    after bigint[] := '{}';
    changed record := NEW;
  BEGIN
    IF TG_OP <> 'INSERT' THEN before := OLD.job_ids; END IF;
    IF TG_OP = 'DELETE' THEN changed := OLD; ELSE after := NEW.job_ids; END IF;
    INSERT INTO soak.history (at, sent, is_claim, lease, mode, ids)
    SELECT clock_timestamp(), now(), is_claim, changed.id,
           (SELECT mode FROM pgq.workers WHERE id = changed.worker_id), ids FROM (
      SELECT false, ARRAY(SELECT unnest(before) EXCEPT SELECT unnest(after))
      UNION ALL SELECT true, ARRAY(SELECT unnest(after) EXCEPT SELECT unnest(before))
    ) AS changes(is_claim, ids) WHERE ids <> '{}';
    RETURN NULL;
  END $$`,
  `CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON pgq.leases
    FOR EACH ROW EXECUTE FUNCTION soak.remember()`,
  // A row for each job that takes a unique key or gives it away. An AFTER trigger takes it once the
  // index has let the job in.
  `CREATE TABLE soak.holders (
    order_ bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL, id bigint NOT NULL,
    key text NOT NULL, takes boolean NOT NULL
  )`,
  `CREATE TABLE soak.replaced (
    id bigint NOT NULL, before bigint NOT NULL, after bigint NOT NULL, leased boolean NOT NULL
  )`,
  `CREATE FUNCTION soak.remember_key() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    before text;
    after text;
  BEGIN
    IF TG_OP <> 'INSERT' THEN before := OLD.name || ' ' || OLD.unique_key; END IF;
    IF TG_OP <> 'DELETE' THEN after := NEW.name || ' ' || NEW.unique_key; END IF;
    IF before IS DISTINCT FROM after THEN
      INSERT INTO soak.holders (at, id, key, takes)
      SELECT clock_timestamp(), CASE WHEN takes THEN NEW.id ELSE OLD.id END, key, takes
      FROM (VALUES (before, false), (after, true)) AS changes(key, takes) WHERE key IS NOT NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.payload IS DISTINCT FROM NEW.payload THEN
      INSERT INTO soak.replaced
      SELECT NEW.id, (OLD.payload ->> 'n')::bigint, (NEW.payload ->> 'n')::bigint,
             EXISTS (SELECT FROM pgq.leases WHERE NEW.id = ANY (job_ids));
    END IF;
    RETURN NULL;
  END $$`,
  // Names with a tilde are not those of guests: pgq's steps stay as they are.
  `CREATE TRIGGER "~soak insert" AFTER INSERT ON pgq.jobs
    FOR EACH ROW WHEN (NEW.unique_key IS NOT NULL) EXECUTE FUNCTION soak.remember_key()`,
  `CREATE TRIGGER "~soak delete" AFTER DELETE ON pgq.jobs
    FOR EACH ROW WHEN (OLD.unique_key IS NOT NULL) EXECUTE FUNCTION soak.remember_key()`,
  `CREATE TRIGGER "~soak update" AFTER UPDATE OF unique_key, payload ON pgq.jobs
    FOR EACH ROW EXECUTE FUNCTION soak.remember_key()`
]

/** A finished job that was not queued again. */
export interface Finished {
  readonly id: number
  readonly n: number
  readonly outcome: string
  /** Milliseconds of the wall clock. */
  readonly finishedAt: number
  /** The number of runs that ended in a success or a failure. */
  readonly attempt: number
  /** The lease under which the job was settled; null if it was cancelled while it waited. */
  readonly lease: string | null
}

/** Jobs that came into a lease, or left it. */
export interface Change {
  readonly at: number
  readonly sent: number
  readonly isClaim: boolean
  readonly lease: string
  /** The cooperative mode of the lease's worker; null if the worker's row is gone. */
  readonly mode: string | null
  readonly ids: ReadonlyArray<number>
}

/** A job that has not ended. */
export interface Left {
  readonly id: number
  readonly n: number
  /** The state in `pgq.job_states`. */
  readonly state: string
}

/** A job that takes a unique key or gives it away. */
export interface Holding {
  readonly at: number
  readonly id: number
  /** The name of the job, and its key. */
  readonly key: string
  readonly takes: boolean
}

/** An offer whose number took the place of another one in a job. */
export interface Replaced {
  readonly id: number
  readonly before: number
  readonly after: number
  readonly isLeased: boolean
}

/** The row of a transactional job, written in the transaction that completed the job. */
export interface Transacted {
  readonly n: number
  readonly pid: number
}

export interface Evidence {
  readonly finished: ReadonlyArray<Finished>
  readonly history: ReadonlyArray<Change>
  readonly left: ReadonlyArray<Left>
  /** The numbers of the jobs that wrote into `soak.effects`. */
  readonly effects: ReadonlyArray<number>
  readonly transacted: ReadonlyArray<Transacted>
  /** The ids of the jobs that were queued again. */
  readonly redriven: ReadonlyArray<number>
  readonly holdings: ReadonlyArray<Holding>
  readonly replaced: ReadonlyArray<Replaced>
}

/** Reads all rows, which takes a while for a million jobs. */
export const evidence = (url: string): Effect.Effect<Evidence> =>
  ask(url, (sql) =>
    Effect.all({
      finished: sql<Finished>`
        SELECT id::double precision, (payload ->> 'n')::double precision AS n, outcome, attempt,
               extract(epoch FROM finished_at)::double precision * 1000 AS "finishedAt",
               lease_id::text AS lease
        FROM pgq.finished_jobs WHERE redriven_at IS NULL
      `,
      history: sql<Change>`
        SELECT extract(epoch FROM at)::double precision * 1000 AS at,
               extract(epoch FROM sent)::double precision * 1000 AS sent,
               is_claim AS "isClaim", lease::text, mode, ids::double precision[]
        FROM soak.history ORDER BY history.at, history.id
      `,
      left: sql<Left>`
        SELECT id::double precision, (payload ->> 'n')::double precision AS n, state
        FROM pgq.job_states
      `,
      effects: Effect.map(
        sql<{ n: number }>`SELECT DISTINCT n::double precision FROM soak.effects`,
        (rows) => rows.map(({ n }) => n)
      ),
      transacted: sql<Transacted>`SELECT n::double precision, pid FROM soak.transacted`,
      redriven: Effect.map(
        sql<{ id: number }>`
          SELECT id::double precision FROM pgq.finished_jobs WHERE redriven_at IS NOT NULL
        `,
        (rows) => rows.map(({ id }) => id)
      ),
      holdings: sql<Holding>`
        SELECT extract(epoch FROM at)::double precision * 1000 AS at, id::double precision, key,
               takes
        FROM soak.holders ORDER BY holders.at, order_
      `,
      replaced: sql<Replaced>`
        SELECT id::double precision, before::double precision, after::double precision,
               leased AS "isLeased"
        FROM soak.replaced
      `
    }), "10 minutes")
