-- How jobs come in. An INSERT of jobs inserts rows and changes none. It waits for no other
-- transaction, at any isolation level, in a transaction of any length.

-- Sets the state of a new job, which the producer does not choose. Triggers fire in the order of
-- their names. This one comes last, and sees the row as the user's triggers have left it.
CREATE FUNCTION set_first_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.state := CASE
    WHEN NEW.run_at > now() THEN 'scheduled'
    WHEN NEW.serialization_key IS NOT NULL THEN 'waiting'
    ELSE 'ready'
  END;
  RETURN NEW;
END $$;

CREATE TRIGGER "~first_state" BEFORE INSERT ON jobs FOR EACH ROW
  WHEN (NEW.serialization_key IS NOT NULL OR NEW.run_at > now() OR NEW.state <> 'ready')
  EXECUTE FUNCTION set_first_state();

-- Tells the listeners of this schema to look, unless the settings forbid NOTIFY. A message is a
-- hint: 'due', 'jobs:' or 'pause:' with the name of a queue, or 'cancel:' with the id of a worker.
-- It is no command, and has no data.
CREATE FUNCTION notify_wake(message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT notify FROM settings) THEN
    PERFORM pg_notify(current_schema() || ':wake', message);
  END IF;
END $$;

-- Wakes the workers that sleep on a queue. A NOTIFY serialises commits, so there is none while all
-- workers are busy.
--
-- The shared lock is held until this transaction ends, and must come before the look at `workers`.
-- A worker that falls asleep and sees the lock (has_unannounced) looks again until the lock is
-- gone. A worker that did not see the lock had committed that it sleeps before this function reads
-- `workers`, which therefore finds the worker. A transaction with an old snapshot may not find it,
-- so such a transaction always notifies.
--
-- Nobody is woken for a paused queue. A resume wakes its workers, which then look whether such a
-- transaction is open, too. An old snapshot may show a pause that has ended since.
--
-- Queues share 256 locks. With a lock for each queue, a transaction that adds to many queues would
-- fill the server's lock table.
CREATE FUNCTION wake(q text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(
    hashtext(current_schema() || ':unannounced'), hashtext(q) & 255
  );
  IF current_setting('transaction_isolation') <> 'read committed'
     OR EXISTS (SELECT FROM workers WHERE asleep AND q = ANY (queues)) AND NOT EXISTS (
       SELECT FROM pauses
       WHERE queue IN (q, '*') AND name = '' AND (until IS NULL OR until > clock_timestamp())
     ) THEN
    PERFORM notify_wake('jobs:' || q);
  END IF;
END $$;

-- Wakes the workers that sleep on any of these queues, as `wake` does.
CREATE FUNCTION wake_all(qs text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':unannounced');
  slept text[];
BEGIN
  IF qs IS NULL THEN RETURN; END IF;
  PERFORM pg_advisory_xact_lock_shared(class, slot)
  FROM (SELECT DISTINCT hashtext(q) & 255 AS slot FROM unnest(qs) AS q) AS slots;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    slept := qs;
  ELSE
    slept := ARRAY(
      SELECT DISTINCT q FROM workers, unnest(queues) AS q
      WHERE asleep AND q = ANY (qs) AND NOT EXISTS (
        SELECT FROM pauses
        WHERE queue IN (q, '*') AND name = '' AND (until IS NULL OR until > clock_timestamp())
      )
    );
  END IF;
  PERFORM notify_wake('jobs:' || q) FROM unnest(slept) AS q;
END $$;

-- Whether an open transaction may have added jobs to one of these queues, of which no wake-up will
-- tell. The answer may be a false yes, never a false no.
CREATE FUNCTION has_unannounced(qs text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = hashtext(current_schema() || ':unannounced')::bigint & 4294967295
      AND objid::bigint = ANY (ARRAY(SELECT (hashtext(q) & 255)::bigint FROM unnest(qs) AS q))
  )
$$;

-- Marks the lanes of new jobs, notes when they expire, and wakes sleeping workers. Most statements
-- add few jobs, and their transactions pay for every query and expression of this trigger.
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  first_queue text;
  last_queue text;
  is_keyed boolean;
  is_soon boolean;
  is_unfit boolean;
  first_expiry timestamptz;
BEGIN
  SELECT min(queue COLLATE "C") FILTER (WHERE state <> 'scheduled'),
         max(queue COLLATE "C") FILTER (WHERE state <> 'scheduled'),
         bool_or(state = 'waiting'),
         bool_or(state = 'scheduled' AND run_at < now() + interval '10 seconds'),
         bool_or(state <> 'scheduled' AND (
           run_at > now() OR (state = 'ready') = (serialization_key IS NOT NULL)
         )),
         min(expires_at)
    INTO first_queue, last_queue, is_keyed, is_soon, is_unfit, first_expiry
    FROM added;
  -- Only a trigger of the user's can have done that: the names of pgq's own begin with '!' or '~'.
  IF is_unfit THEN
    RAISE EXCEPTION 'a trigger on jobs has changed a job after pgq''s trigger "~first_state"'
      USING ERRCODE = '27000',
            HINT = 'Give that trigger a name that sorts before "~".';
  END IF;
  IF is_keyed THEN
    INSERT INTO dirty_lanes (queue, key, priority)
    SELECT queue, serialization_key, max(priority) FROM added WHERE state = 'waiting' GROUP BY 1, 2;
  END IF;
  IF first_expiry IS NOT NULL THEN
    INSERT INTO expiries (at, job_id)
    SELECT expires_at, id FROM added WHERE expires_at < 'infinity' ON CONFLICT DO NOTHING;
    is_soon := is_soon OR first_expiry < now() + interval '10 seconds';
  END IF;
  IF first_queue = last_queue THEN
    PERFORM wake(first_queue);
  ELSIF first_queue <> last_queue THEN
    PERFORM wake_all(ARRAY(SELECT DISTINCT queue FROM added WHERE state <> 'scheduled'));
  END IF;
  -- Each process finds jobs that are due or expire later than that by looking: see CONTRACT.md,
  -- "soon".
  IF is_soon THEN
    PERFORM notify_wake('due');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "~announce" AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION announce();

-- Marks the statements that follow as those of a step of pgq: the mark is the depth of triggers at
-- which the step runs. A user's trigger that fires meanwhile runs deeper, so its statements count
-- as made by hand. Returns the mark of before, for end_step. A trigger whose name begins with
-- neither ! nor ~ is the user's, a guest in the step.
CREATE FUNCTION begin_step() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('pgq.step', true), '');
  mark text := set_config('pgq.step', pg_trigger_depth()::text, true);
BEGIN
  -- This query stands here, and not in a function, because each settlement pays for it.
  IF EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = ANY (
        ARRAY['jobs', 'finished_jobs', 'completed_jobs', 'failed_jobs', 'dropped_jobs']::regclass[]
      ) AND tgname >= '"' AND (tgname < '~' OR tgname >= E'\x7f')
  ) THEN
    PERFORM set_config('pgq.guests', ' on', true);
  END IF;
  RETURN before;
END $$;

-- Sets the mark of before. Each step ends before it returns, so that no later statement of its
-- transaction counts as the step's.
CREATE FUNCTION end_step(before text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mark text := set_config('pgq.step', before, true);
BEGIN
END $$;
