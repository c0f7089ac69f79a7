-- How people pause queues and names of jobs, and resume them. A claim takes no job of a paused
-- queue, which is then like a queue without workers. It sets the jobs of a paused name aside, so
-- that they stand in no other job's way, and maintenance takes them back after the resume.

-- Pauses a queue, or the jobs of a name in it; '*' stands for all queues. Answers 'paused', or
-- 'already paused': then the first reason and times stay. With `until` the pause ends by itself at
-- that time. Runs go on, unless `cancel_running`: their workers interrupt them and give the jobs
-- back, with no attempt used.
CREATE FUNCTION pause(
  queue text, name text DEFAULT '', reason text DEFAULT NULL, until timestamptz DEFAULT NULL,
  cancel_running boolean DEFAULT false
) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  is_new boolean;
BEGIN
  PERFORM require_read_committed();
  PERFORM check_pause(queue, name);
  IF until <= clock_timestamp() THEN
    RAISE EXCEPTION 'a pause cannot end at %, which is over', until USING ERRCODE = '22023';
  END IF;
  -- The same row for a pause whose time is over: it has ended.
  INSERT INTO pauses AS p (queue, name, until, reason, releases_running)
  VALUES (queue, name, until, reason, coalesce(cancel_running, false))
  ON CONFLICT ON CONSTRAINT pauses_pkey DO UPDATE
  SET paused_at = excluded.paused_at, paused_by = excluded.paused_by, until = excluded.until,
      reason = excluded.reason, releases_running = excluded.releases_running
  WHERE p.until <= clock_timestamp();
  is_new := FOUND;
  IF cancel_running AND NOT is_new THEN
    UPDATE pauses AS p SET releases_running = true WHERE p.queue = queue AND p.name = name;
  END IF;
  PERFORM notify_wake('pause:' || queue);
  RETURN CASE WHEN is_new THEN 'paused' ELSE 'already paused' END;
END $$;

-- Ends a pause, and wakes the workers of the queue. Answers 'resumed' or 'not paused'. A pause of
-- all queues is another one than that of a queue: each of them is ended by itself.
CREATE FUNCTION resume(queue text, name text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  was_on boolean;
BEGIN
  PERFORM require_read_committed();
  PERFORM check_pause(queue, name);
  DELETE FROM pauses AS p WHERE p.queue = queue AND p.name = name
  RETURNING p.until IS NULL OR p.until > clock_timestamp() INTO was_on;
  PERFORM notify_wake('pause:' || queue);
  RETURN CASE WHEN was_on THEN 'resumed' ELSE 'not paused' END;
END $$;

-- Refuses what can be no queue and no name.
CREATE FUNCTION check_pause(queue text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF coalesce(octet_length(queue), 0) NOT BETWEEN 1 AND 63 THEN
    RAISE EXCEPTION 'the name of a queue has 1 to 63 bytes; ''*'' stands for all queues'
      USING ERRCODE = '22023';
  ELSIF coalesce(octet_length(name), 129) > 128 THEN
    RAISE EXCEPTION 'the name of a job has at most 128 bytes; '''' stands for all jobs of a queue'
      USING ERRCODE = '22023';
  END IF;
END $$;

-- Returns those of the queues that are not paused, in the order given.
CREATE FUNCTION open_queues(queues text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  paused text[] := ARRAY(
    SELECT queue FROM pauses
    WHERE queue = ANY (queues || '*'::text) AND name = ''
      AND (until IS NULL OR until > clock_timestamp())
  );
BEGIN
  RETURN CASE
    WHEN paused = '{}' THEN queues
    WHEN '*' = ANY (paused) THEN '{}'
    ELSE ARRAY(
      SELECT q FROM unnest(queues) WITH ORDINALITY AS asked(q, turn)
      WHERE q <> ALL (paused) ORDER BY turn
    )
  END;
END $$;

-- Returns the names whose jobs are paused in a queue.
CREATE FUNCTION paused_names(q text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN ARRAY(
    SELECT name FROM pauses
    WHERE queue IN (q, '*') AND name <> '' AND (until IS NULL OR until > clock_timestamp())
  );
END $$;

-- Sets those of the picked jobs aside that have paused names, and leaves them out. The caller has
-- locked the rows. A job with a key stays the head of its lane, which waits with it.
CREATE FUNCTION set_paused_aside(
  paused text[], INOUT healthy bigint[], INOUT apart bigint[], OUT has_set_aside boolean
) LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[] := ARRAY(
    SELECT id FROM jobs WHERE id = ANY (healthy || apart) AND name = ANY (paused)
  );
  mark text;
  changed integer;
BEGIN
  has_set_aside := cardinality(ids) > 0;
  IF NOT has_set_aside THEN RETURN; END IF;
  mark := begin_step();
  UPDATE jobs SET
    state = CASE WHEN serialization_key IS NULL THEN 'scheduled' ELSE 'retry' END,
    run_at = 'infinity'
  WHERE id = ANY (ids);
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM end_step(mark);
  IF changed < cardinality(ids) THEN
    RAISE EXCEPTION 'paused jobs cannot be set aside: a trigger on jobs keeps a row as it is'
      USING ERRCODE = 'triggered_action_exception',
            HINT = 'A BEFORE UPDATE trigger on jobs must not return NULL.';
  END IF;
  INSERT INTO set_aside (job_id, queue, name) SELECT id, queue, name FROM jobs WHERE id = ANY (ids)
  ON CONFLICT (job_id) DO UPDATE SET queue = excluded.queue, name = excluded.name;
  healthy := nullif(
    ARRAY(SELECT id FROM unnest(healthy) AS id WHERE id NOT IN (SELECT unnest(ids))), '{}'
  );
  apart := nullif(
    ARRAY(SELECT id FROM unnest(apart) AS id WHERE id NOT IN (SELECT unnest(ids))), '{}'
  );
END $$;

-- Ends the pauses whose time is over, and takes up to `jobs_max` jobs back that were set aside and
-- are paused no more: they are due now. A job that another transaction has locked stays for a later
-- call. `unpaused` is the number of jobs that came back. `next_in` is the time until the next pause
-- ends by itself, in seconds; NULL if none does.
CREATE FUNCTION unpause(jobs_max integer, OUT unpaused integer, OUT next_in double precision)
LANGUAGE plpgsql AS $$
DECLARE
  clock timestamptz := clock_timestamp();
  ids bigint[];
  back bigint[];
  mark text;
BEGIN
  PERFORM require_read_committed();
  WITH over AS (
    DELETE FROM pauses WHERE ctid = ANY (ARRAY( -- idiom: by place
      SELECT ctid FROM pauses WHERE until <= clock FOR UPDATE SKIP LOCKED
    )) RETURNING queue
  )
  SELECT count(notify_wake('pause:' || queue)) INTO unpaused FROM over;
  unpaused := 0;
  next_in := (SELECT greatest(extract(epoch FROM min(until) - clock), 0) FROM pauses);
  ids := next_unpaused(jobs_max);
  IF ids = '{}' THEN RETURN; END IF;
  back := ARRAY(SELECT id FROM jobs WHERE id = ANY (ids) FOR UPDATE SKIP LOCKED);
  mark := begin_step();
  UPDATE jobs SET run_at = clock
  -- idiom: hidden column
  WHERE id = ANY (back) AND state || '' IN ('scheduled', 'retry') AND run_at = 'infinity';
  GET DIAGNOSTICS unpaused = ROW_COUNT;
  PERFORM end_step(mark);
  DELETE FROM set_aside AS aside WHERE aside.job_id = ANY (ids) AND NOT EXISTS (
    -- Of another transaction, or kept by a trigger.
    SELECT FROM jobs AS j WHERE j.id = aside.job_id AND j.run_at = 'infinity'
  );
  IF unpaused > 0 THEN PERFORM notify_wake('due'); END IF;
END $$;

-- Locks some rows of set_aside whose name is paused no more, and returns their jobs: past all jobs
-- that are paused still, whatever their number.
CREATE FUNCTION next_unpaused(jobs_max integer) RETURNS bigint[] LANGUAGE sql AS $$
  -- idiom: skip scan
  WITH RECURSIVE kind AS (
    (SELECT queue, name FROM set_aside ORDER BY queue, name LIMIT 1)
    UNION ALL
    SELECT next.* FROM kind CROSS JOIN LATERAL (
      SELECT queue, name FROM set_aside WHERE (queue, name) > (kind.queue, kind.name)
      ORDER BY queue, name LIMIT 1
    ) AS next
  )
  SELECT ARRAY(
    SELECT own.job_id FROM (
      SELECT kind.queue, kind.name FROM kind WHERE (
        SELECT true FROM pauses AS p
        WHERE p.queue IN (kind.queue, '*') AND p.name = kind.name
          AND (p.until IS NULL OR p.until > clock_timestamp()) LIMIT 1
      ) IS NULL OFFSET 0 -- idiom: fence
    ) AS free CROSS JOIN LATERAL (
      SELECT aside.job_id FROM set_aside AS aside
      WHERE aside.queue = free.queue AND aside.name = free.name
      -- idiom: aside index
      ORDER BY aside.queue, aside.name, aside.job_id + 0 LIMIT jobs_max FOR UPDATE SKIP LOCKED
    ) AS own
    LIMIT jobs_max
  )
$$;
