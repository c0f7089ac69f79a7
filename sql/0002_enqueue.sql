-- How jobs come in. Adding one inserts rows and nothing else: it waits for nobody, at any isolation
-- level, in a transaction of any length.

-- The state of a new job is not the producer's to choose. Triggers fire in the order of their
-- names: this one comes last, and sees the row as the user's own triggers have left it.
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

-- Tells the listeners of this schema to look, unless nobody may. Never commands, never data: 'due'
-- or a queue's name.
CREATE FUNCTION notify_wake(message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT notify FROM settings) THEN
    PERFORM pg_notify(current_schema() || ':wake', message);
  END IF;
END $$;

-- Wakes the workers that sleep on a queue. A NOTIFY serialises commits, so there is none while all
-- workers are busy. A worker that falls asleep before this transaction commits sees the
-- transaction's shared lock (has_unannounced) and looks again until it is gone. The lock comes
-- first: a worker that did not see it had said that it sleeps before this looks. A transaction with
-- an old snapshot cannot look, so it notifies. Queues share 256 locks, or a transaction of many
-- queues would fill the server's lock table.
CREATE FUNCTION wake(q text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(
    hashtext(current_schema() || ':unannounced'), hashtext(q) & 255
  );
  IF current_setting('transaction_isolation') <> 'read committed'
     OR EXISTS (SELECT FROM workers WHERE asleep AND q = ANY (queues)) THEN
    PERFORM notify_wake('jobs:' || q);
  END IF;
END $$;

-- The same for any number of queues.
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
      SELECT DISTINCT q FROM workers, unnest(queues) AS q WHERE asleep AND q = ANY (qs)
    );
  END IF;
  PERFORM notify_wake('jobs:' || q) FROM unnest(slept) AS q;
END $$;

-- Whether there may be uncommitted jobs in one of the queues that a worker should look for.
CREATE FUNCTION has_unannounced(qs text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = hashtext(current_schema() || ':unannounced')::bigint & 4294967295
      AND objid::bigint = ANY (ARRAY(SELECT (hashtext(q) & 255)::bigint FROM unnest(qs) AS q))
  )
$$;

-- Marks the lanes of new jobs and wakes those who wait for work. Most statements add few jobs, and
-- their transactions pay for every query and expression here.
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  first_queue text;
  last_queue text;
  is_keyed boolean;
  is_soon boolean;
  is_unfit boolean;
BEGIN
  SELECT min(queue COLLATE "C") FILTER (WHERE state <> 'scheduled'),
         max(queue COLLATE "C") FILTER (WHERE state <> 'scheduled'),
         bool_or(state = 'waiting'),
         bool_or(state = 'scheduled' AND run_at < now() + interval '10 seconds'),
         bool_or(state <> 'scheduled' AND (
           run_at > now() OR (state = 'ready') = (serialization_key IS NOT NULL)
         ))
    INTO first_queue, last_queue, is_keyed, is_soon, is_unfit
    FROM added;
  -- Only a trigger of somebody else's can do that: the names of pgq's own begin with '!' or '~'.
  IF is_unfit THEN
    RAISE EXCEPTION 'a trigger on jobs has changed a job after pgq''s trigger "~first_state"'
      USING ERRCODE = '27000',
            HINT = 'Give that trigger a name that sorts before "~".';
  END IF;
  IF is_keyed THEN
    INSERT INTO dirty_lanes (queue, key, priority)
    SELECT queue, serialization_key, max(priority) FROM added WHERE state = 'waiting' GROUP BY 1, 2;
  END IF;
  IF first_queue = last_queue THEN
    PERFORM wake(first_queue);
  ELSIF first_queue <> last_queue THEN
    PERFORM wake_all(ARRAY(SELECT DISTINCT queue FROM added WHERE state <> 'scheduled'));
  END IF;
  -- Every process finds jobs that are due later than this by looking.
  IF is_soon THEN
    PERFORM notify_wake('due');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER "~announce" AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION announce();

-- A step of pgq says so while it changes jobs: at which depth of triggers it runs. A user's trigger
-- that fires meanwhile runs deeper, so its statements count as made by hand. Answers with the mark
-- before it. pgq's own triggers have names with ! and ~; any other one is a guest.
CREATE FUNCTION begin_step() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('pgq.step', true), '');
  mark text := set_config('pgq.step', pg_trigger_depth()::text, true);
BEGIN
  -- Inline, as each settlement asks.
  IF EXISTS (
    SELECT FROM pg_trigger
    WHERE tgrelid = ANY (
        ARRAY['jobs', 'finished_jobs', 'completed_jobs', 'failed_jobs']::regclass[]
      ) AND tgname >= '"' AND (tgname < '~' OR tgname >= E'\x7f')
  ) THEN
    PERFORM set_config('pgq.guests', ' on', true);
  END IF;
  RETURN before;
END $$;

-- Each step ends before it returns, so that no statement after it in its transaction counts as its
-- own.
CREATE FUNCTION end_step(before text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mark text := set_config('pgq.step', before, true);
BEGIN
END $$;
