-- How jobs come in. Adding one inserts rows and nothing else: it waits for nobody, at any isolation
-- level, in a transaction of any length.

-- The state of a new job is not the producer's to choose.
CREATE FUNCTION set_first_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.state := CASE
    WHEN NEW.run_at > now() THEN 'scheduled'
    WHEN NEW.serialization_key IS NOT NULL THEN 'waiting'
    ELSE 'ready'
  END;
  RETURN NEW;
END $$;

CREATE TRIGGER set_first_state BEFORE INSERT ON jobs FOR EACH ROW
  WHEN (NEW.serialization_key IS NOT NULL OR NEW.run_at > now() OR NEW.state <> 'ready')
  EXECUTE FUNCTION set_first_state();

-- Tells the listeners of this schema to look. Never commands, never data: 'due' or a queue's name.
CREATE FUNCTION notify_wake(message text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify(current_schema() || ':wake', message);
END $$;

-- Wakes whoever sleeps on a queue. A NOTIFY serialises commits, so there is none while all workers
-- are busy. A worker that falls asleep before this transaction commits sees the transaction's shared
-- lock (has_unannounced) and looks again until it is gone. The lock comes first: whoever saw none had
-- told that it sleeps before we look. A transaction with an old snapshot cannot look, so it notifies.
CREATE FUNCTION wake(q text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtext(current_schema() || ':unannounced'), hashtext(q));
  IF current_setting('transaction_isolation') <> 'read committed'
     OR EXISTS (SELECT FROM workers WHERE asleep AND q = ANY (queues)) THEN
    PERFORM notify_wake('jobs:' || q);
  END IF;
END $$;

CREATE FUNCTION has_unannounced(q text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid::bigint = hashtext(current_schema() || ':unannounced')::bigint & 4294967295
      AND objid::bigint = hashtext(q)::bigint & 4294967295
  )
$$;

-- Marks the lanes of new jobs and wakes those who wait for work.
CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  first_queue text;
  first_state text;
  first_start timestamptz;
  ready_in text[];
  is_keyed boolean;
  is_soon boolean;
  q text;
BEGIN
  -- Most statements add one job, and their transactions pay for every query here.
  SELECT queue, state, run_at INTO first_queue, first_state, first_start FROM added LIMIT 1;
  IF EXISTS (SELECT FROM added OFFSET 1) THEN
    SELECT array_agg(DISTINCT queue) FILTER (WHERE state <> 'scheduled'),
           bool_or(state = 'waiting'),
           bool_or(state = 'scheduled' AND run_at < now() + interval '10 seconds')
      INTO ready_in, is_keyed, is_soon
      FROM added;
  ELSIF first_state = 'scheduled' THEN
    is_soon := first_start < now() + interval '10 seconds';
  ELSE
    ready_in := ARRAY[first_queue];
    is_keyed := first_state = 'waiting';
  END IF;
  IF is_keyed THEN
    INSERT INTO lane_wakes (queue, key, priority)
    SELECT queue, serialization_key, max(priority) FROM added WHERE state = 'waiting'
    GROUP BY queue, serialization_key;
  END IF;
  IF ready_in IS NOT NULL THEN
    FOREACH q IN ARRAY ready_in LOOP
      PERFORM wake(q);
    END LOOP;
  END IF;
  -- What is due later than this, every process finds by looking.
  IF is_soon THEN
    PERFORM notify_wake('due');
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER announce AFTER INSERT ON jobs REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION announce();

-- A step of pgq says so while it changes jobs: at which depth of triggers it runs. A user's trigger that
-- fires meanwhile runs deeper, so its statements count as made by hand. Answers with the mark before it.
CREATE FUNCTION begin_step() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before text := coalesce(current_setting('pgq.step', true), '');
  mark text := set_config('pgq.step', pg_trigger_depth()::text, true);
BEGIN
  RETURN before;
END $$;

-- Each step ends before it returns, so that no statement after it in its transaction counts as its own.
CREATE FUNCTION end_step(before text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mark text := set_config('pgq.step', before, true);
BEGIN
END $$;

-- People may change and delete jobs by hand: a lane they touch is looked at again. A step of pgq marks
-- the lanes that it touches itself.
CREATE FUNCTION mark_touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.serialization_key IS NOT NULL THEN
    IF TG_OP = 'DELETE'
       OR (NEW.state, NEW.queue, NEW.serialization_key)
          IS DISTINCT FROM (OLD.state, OLD.queue, OLD.serialization_key) THEN
      PERFORM refuse_leased(OLD.queue, OLD.id);
    END IF;
    INSERT INTO lane_wakes (queue, key) VALUES (OLD.queue, OLD.serialization_key);
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.serialization_key IS NOT NULL THEN
    INSERT INTO lane_wakes (queue, key) VALUES (NEW.queue, NEW.serialization_key);
  END IF;
  PERFORM wake(OLD.queue);
  RETURN NULL;
END $$;

-- A leased job keeps its place in its lane, or the next of its key could start beside it. Its row is
-- locked by now, as claims lock what they lease: a fresh look, not an older snapshot, finds every lease.
CREATE FUNCTION refuse_leased(q text, job bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_read_committed();
  IF EXISTS (SELECT FROM leases WHERE queue = q AND job = ANY (job_ids)) THEN
    RAISE EXCEPTION 'job % has a key and is held by a worker: it cannot be deleted, put off or moved now', job
      USING ERRCODE = 'object_in_use',
            HINT = 'Try again when it has ended, or leave out the jobs of job_states that have a worker_id.';
  END IF;
END $$;

CREATE TRIGGER mark_deleted AFTER DELETE ON jobs FOR EACH ROW
  WHEN (OLD.serialization_key IS NOT NULL
        AND current_setting('pgq.step', true) IS DISTINCT FROM pg_trigger_depth()::text)
  EXECUTE FUNCTION mark_touched();

CREATE TRIGGER mark_updated
  AFTER UPDATE OF state, priority, queue, serialization_key ON jobs FOR EACH ROW
  WHEN (current_setting('pgq.step', true) IS DISTINCT FROM pg_trigger_depth()::text)
  EXECUTE FUNCTION mark_touched();

-- For triggers, other languages and psql: one INSERT. Returns the job's id.
CREATE FUNCTION enqueue(
  name text,
  payload jsonb DEFAULT '{}',
  key text DEFAULT NULL,
  priority integer DEFAULT 0,
  run_at timestamptz DEFAULT NULL,
  queue text DEFAULT 'default',
  max_attempts integer DEFAULT NULL
) RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO jobs (name, payload, serialization_key, priority, run_at, queue, max_attempts)
  VALUES (enqueue.name, enqueue.payload, enqueue.key, enqueue.priority, enqueue.run_at,
          enqueue.queue, enqueue.max_attempts)
  RETURNING id
$$;
