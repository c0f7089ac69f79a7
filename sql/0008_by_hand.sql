-- How people change and delete jobs by hand: each statement does what it says, or is refused.
-- A trigger per statement sees all rows of the statement, however many. So it leaves one marker a
-- lane, and looks at the leases once.

-- The jobs that people have deleted while they were leased. Their ids leave the leases at the
-- commit, so that a transaction that stays open keeps no lease locked, and no worker waiting.
CREATE TABLE withdrawals (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job_ids bigint[] NOT NULL
);

-- Sets the state of a job that is changed by hand: it follows from the new values, as the state of
-- a new job does. A head stays the head, unless the job is delayed or moved to another lane. This
-- trigger comes last, as "~first_state" does.
CREATE FUNCTION set_next_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_later boolean := coalesce(NEW.run_at > clock_timestamp(), false);
  stays boolean := (NEW.queue, NEW.serialization_key)
    IS NOT DISTINCT FROM (OLD.queue, OLD.serialization_key);
  next text := CASE
    WHEN is_later AND stays AND OLD.state = 'retry' AND NEW.state = 'retry' THEN 'retry'
    WHEN is_later THEN 'scheduled'
    WHEN NEW.serialization_key IS NULL OR stays AND OLD.state IN ('ready', 'retry') THEN 'ready'
    ELSE 'waiting'
  END;
BEGIN
  IF NEW.state IS DISTINCT FROM OLD.state AND NEW.state IS DISTINCT FROM next
     AND NOT (NEW.state IN ('ready', 'waiting') AND NOT is_later) THEN
    RAISE EXCEPTION 'the state of job % follows from its run_at and its key: it is "%", not "%"',
      OLD.id, next, NEW.state
      USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Set run_at instead: null starts the job at once, a later time delays it.';
  END IF;
  NEW.state := next;
  RETURN NEW;
END $$;

CREATE TRIGGER "~next_state" BEFORE UPDATE ON jobs FOR EACH ROW
  WHEN ((NEW.state, NEW.run_at, NEW.queue, NEW.serialization_key)
          IS DISTINCT FROM (OLD.state, OLD.run_at, OLD.queue, OLD.serialization_key)
        AND current_setting('pgq.step', true) IS DISTINCT FROM pg_trigger_depth()::text)
  EXECUTE FUNCTION set_next_state();

-- Refuses a change by hand of a leased job, if there is one. A claim locks the rows that it leases.
-- The statement has locked these rows by now, so a fresh look at the leases has found every lease.
CREATE FUNCTION refuse_leased(job bigint, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF job IS NULL THEN RETURN; END IF;
  IF key IS NULL THEN
    RAISE EXCEPTION 'job % is leased to a worker: it cannot be moved or made later now', job
      USING ERRCODE = 'object_in_use',
            HINT = 'Try again when the job has ended, delete the job, '
                   'or leave out the jobs of job_states that have a worker_id.';
  END IF;
  RAISE EXCEPTION 'job % has a key and is leased to a worker: '
                  'it cannot be deleted, moved or made later now', job
    USING ERRCODE = 'object_in_use',
          HINT = 'Try again when the job has ended, '
                 'or leave out the jobs of job_states that have a worker_id.';
END $$;

-- After an UPDATE by hand: refuses to move a leased job, marks the lanes, notes when jobs expire,
-- and wakes workers. A job that was set aside, and may start at another time now, is no longer set
-- aside.
CREATE FUNCTION mark_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unfit bigint;
  leased bigint;
  leased_key text;
  touched text[];
  is_soon boolean;
BEGIN
  SELECT array_agg(DISTINCT queue),
         bool_or(is_new AND (
           state IN ('scheduled', 'retry') AND run_at < clock_timestamp() + interval '10 seconds'
           OR expires_at < clock_timestamp() + interval '10 seconds'
         ))
    INTO touched, is_soon
    FROM (
      SELECT queue, state, run_at, expires_at, false AS is_new FROM old_jobs
      UNION ALL
      SELECT queue, state, run_at, expires_at, true FROM new_jobs
    ) AS job;
  IF touched IS NULL THEN RETURN NULL; END IF;

  SELECT n.id INTO unfit FROM new_jobs AS n
  WHERE n.state IN ('ready', 'waiting') AND n.run_at > clock_timestamp() AND NOT EXISTS (
    SELECT FROM old_jobs AS o WHERE o.id = n.id AND o.state = n.state AND o.run_at = n.run_at
  ) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'a trigger on jobs has changed job % after pgq''s trigger "~next_state"', unfit
      USING ERRCODE = '27000',
            HINT = 'Give that trigger a name that sorts before "~".';
  END IF;

  -- A job that may be leased, and is no longer in its place. An old snapshot may hide its lease.
  SELECT o.id, o.serialization_key INTO leased, leased_key FROM old_jobs AS o
  WHERE o.state IN ('ready', 'waiting') AND NOT EXISTS (
    SELECT FROM new_jobs AS n
    WHERE n.id = o.id AND n.state = o.state AND n.queue = o.queue
      AND coalesce(n.serialization_key, '') = coalesce(o.serialization_key, '')
  ) AND (
    current_setting('transaction_isolation') <> 'read committed'
    OR o.id IN (SELECT unnest(job_ids) FROM leases WHERE queue = ANY (touched))
  ) LIMIT 1;
  IF FOUND THEN
    PERFORM require_read_committed();
    PERFORM refuse_leased(leased, leased_key);
  END IF;

  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT queue, serialization_key, max(priority) FROM (
    SELECT queue, serialization_key, priority FROM old_jobs
    UNION ALL
    SELECT queue, serialization_key, priority FROM new_jobs
  ) AS job
  WHERE serialization_key IS NOT NULL GROUP BY 1, 2;
  INSERT INTO expiries (at, job_id)
  SELECT expires_at, id FROM new_jobs WHERE expires_at < 'infinity'
  EXCEPT SELECT expires_at, id FROM old_jobs
  ON CONFLICT DO NOTHING;
  DELETE FROM set_aside WHERE job_id = ANY (ARRAY(
    SELECT o.id FROM old_jobs AS o WHERE o.run_at = 'infinity' AND NOT EXISTS (
      SELECT FROM new_jobs AS n WHERE n.id = o.id AND n.run_at = 'infinity'
    )
  ));
  PERFORM wake_all(touched);
  IF is_soon THEN
    PERFORM notify_wake('due');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "~mark_changed" AFTER UPDATE ON jobs
  REFERENCING OLD TABLE AS old_jobs NEW TABLE AS new_jobs
  FOR EACH STATEMENT
  WHEN (current_setting('pgq.step', true) IS DISTINCT FROM pg_trigger_depth()::text)
  EXECUTE FUNCTION mark_changed();

-- After a DELETE by hand: refuses to delete a leased job with a key, and marks the lanes that have
-- lost their head. A waiting job leaves no gap.
CREATE FUNCTION mark_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  touched text[];
  leased bigint[];
  leased_key text;
BEGIN
  DELETE FROM set_aside WHERE job_id = ANY (ARRAY(
    SELECT id FROM old_jobs WHERE run_at = 'infinity'
  ));
  touched := ARRAY(SELECT DISTINCT queue FROM old_jobs WHERE state <> 'scheduled');
  IF touched = '{}' THEN RETURN NULL; END IF;

  IF EXISTS (SELECT FROM old_jobs WHERE state IN ('ready', 'waiting')) THEN
    PERFORM require_read_committed();
    SELECT array_agg(id ORDER BY serialization_key NULLS LAST), max(serialization_key)
      INTO leased, leased_key
      FROM old_jobs
      WHERE state IN ('ready', 'waiting')
        AND id IN (SELECT unnest(job_ids) FROM leases WHERE queue = ANY (touched));
    IF leased_key IS NOT NULL THEN
      PERFORM refuse_leased(leased[1], leased_key);
    ELSIF leased IS NOT NULL THEN
      INSERT INTO withdrawals (job_ids) VALUES (leased);
    END IF;
  END IF;

  INSERT INTO dirty_lanes (queue, key, priority)
  SELECT queue, serialization_key, max(priority) FROM old_jobs
  WHERE serialization_key IS NOT NULL AND state IN ('ready', 'retry') GROUP BY 1, 2;
  IF FOUND THEN
    PERFORM wake_all(touched);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "~mark_deleted" AFTER DELETE ON jobs REFERENCING OLD TABLE AS old_jobs
  FOR EACH STATEMENT
  WHEN (current_setting('pgq.step', true) IS DISTINCT FROM pg_trigger_depth()::text)
  EXECUTE FUNCTION mark_deleted();

-- Takes the ids of deleted jobs out of their leases: later settlements of these runs are refused,
-- even if other jobs have the same ids by then. An empty lease stays, because its worker still runs
-- the jobs to their end.
CREATE FUNCTION withdraw() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM leases WHERE id IN (
    SELECT l.id FROM leases AS l, unnest(l.job_ids) AS own(id) WHERE own.id = ANY (NEW.job_ids)
  ) ORDER BY id FOR UPDATE;
  UPDATE leases AS l SET job_ids = ARRAY(
    SELECT own.id FROM unnest(l.job_ids) WITH ORDINALITY AS own(id, place)
    WHERE own.id NOT IN (SELECT unnest(NEW.job_ids)) ORDER BY own.place
  )
  WHERE EXISTS (SELECT FROM unnest(l.job_ids) AS own(id) WHERE own.id = ANY (NEW.job_ids));
  DELETE FROM withdrawals WHERE id = NEW.id;
  RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER withdraw AFTER INSERT ON withdrawals DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION withdraw();

-- Before a TRUNCATE: refuses it while a job with a key is leased, empties all leases, and deletes
-- all markers and the list of jobs set aside. The statement has locked the table, so no claim is
-- under way. A settlement may have locked a lease while it waits for the table: it gives up within
-- its lock_timeout, and this trigger looks at the lease again.
CREATE FUNCTION clear_leases() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  gives_up_at timestamptz := clock_timestamp() + interval '15 seconds';
BEGIN
  PERFORM require_read_committed();
  PERFORM refuse_leased(id, serialization_key) FROM jobs
  WHERE serialization_key IS NOT NULL AND id IN (SELECT unnest(job_ids) FROM leases);
  LOOP
    UPDATE leases SET job_ids = '{}' WHERE job_ids <> '{}' AND id IN (
      SELECT id FROM leases WHERE job_ids <> '{}' FOR UPDATE SKIP LOCKED
    );
    EXIT WHEN NOT EXISTS (SELECT FROM leases WHERE job_ids <> '{}');
    IF clock_timestamp() > gives_up_at THEN
      RAISE EXCEPTION 'jobs cannot be truncated now: another transaction has locked a lease'
        USING ERRCODE = 'lock_not_available',
              HINT = 'Try again, or stop the workers first.';
    END IF;
    PERFORM pg_sleep(0.01);
  END LOOP;
  DELETE FROM dirty_lanes WHERE id IN (SELECT id FROM dirty_lanes FOR UPDATE SKIP LOCKED);
  DELETE FROM set_aside WHERE job_id IN (SELECT job_id FROM set_aside FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END $$;

CREATE TRIGGER "~clear_leases" BEFORE TRUNCATE ON jobs
  FOR EACH STATEMENT EXECUTE FUNCTION clear_leases();
