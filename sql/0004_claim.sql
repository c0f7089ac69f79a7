-- How a worker takes jobs: one statement, one lease row, no job row changed.

-- Takes up to `limit_` ready jobs of a queue, and of each claimed lane up to `lane_run` more.
-- `is_exclusive` lets one claim at a time; `user_lock`, one bigint or two integers, is an advisory lock
-- to hold meanwhile. Rows come in no order. The payload of more than about a kilobyte is NULL: the answer
-- is written while locks are held, so a frozen reader must not be able to stop it.
CREATE FUNCTION claim(
  q text, worker uuid, limit_ integer, lane_run integer, is_exclusive boolean, user_lock bigint[]
) RETURNS TABLE (
  lease uuid, id bigint, name text, payload text, serialization_key text,
  priority integer, attempt integer, max_attempts integer, put_offs integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  class integer := hashtext(current_schema() || ':claims');
  was_asleep boolean;
  held bigint[];
  held_now bigint[];
  picked bigint[];
  keys text[];
  run bigint[];
  locked integer;
  unsuspected bigint[];
  is_keyed boolean;
  has_suspects boolean;
  new_lease uuid;
BEGIN
  PERFORM require_read_committed();
  IF cardinality(user_lock) = 1 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]);
  ELSIF cardinality(user_lock) = 2 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]::integer, user_lock[2]::integer);
  END IF;
  -- The queue's internal lock keeps mixed modes and mismatched keys safe. It is a statement of its own,
  -- so that all that follow see what earlier holders committed.
  IF is_exclusive THEN
    PERFORM pg_advisory_xact_lock(class, hashtext(q));
  ELSE
    PERFORM pg_advisory_xact_lock_shared(class, hashtext(q));
  END IF;

  SELECT asleep INTO was_asleep FROM workers AS w WHERE w.id = worker;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % is not registered, or was taken for dead', worker USING ERRCODE = 'PGQ01';
  END IF;

  PERFORM admit(q, 200);
  held := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  SELECT array_agg(candidate.id), bool_or(candidate.is_keyed), bool_or(candidate.is_suspect)
    INTO picked, is_keyed, has_suspects
    FROM (
      SELECT j.id, j.serialization_key IS NOT NULL AS is_keyed, j.crash_count > 0 AS is_suspect
      FROM jobs AS j
      WHERE j.queue = q AND j.state = 'ready' AND j.id NOT IN (SELECT unnest(held))
        -- The order check: no committed job of its lane goes before it.
        AND (j.serialization_key IS NULL OR (
          SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
          FROM jobs AS first
          WHERE first.queue = q AND first.serialization_key = j.serialization_key
            AND first.state = 'waiting'
          ORDER BY first.priority DESC, first.id LIMIT 1
        ) IS NOT TRUE)
      ORDER BY j.priority DESC, j.id
      LIMIT limit_ FOR UPDATE OF j SKIP LOCKED
    ) AS candidate;
  -- A fresh look: whoever held these rows before us has committed its lease by now.
  held_now := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  IF held_now <> held THEN
    SELECT array_agg(p.id ORDER BY p.ord) INTO picked
      FROM unnest(picked) WITH ORDINALITY AS p(id, ord)
      WHERE p.id NOT IN (SELECT unnest(held_now));
  END IF;

  IF has_suspects THEN
    -- A job that was in a lease whose worker died is claimed alone: it may be what killed it.
    SELECT array_agg(p.id ORDER BY p.ord) INTO unsuspected
      FROM unnest(picked) WITH ORDINALITY AS p(id, ord)
      JOIN jobs AS j ON j.id = p.id AND j.crash_count = 0;
    picked := CASE
      WHEN unsuspected[1] = picked[1] OR NOT may_take(worker, picked[1]) THEN unsuspected
      ELSE picked[1:1]
    END;
  END IF;

  -- Falling asleep or waking up is told to producers.
  IF was_asleep <> (picked IS NULL) THEN
    UPDATE workers AS w SET asleep = (picked IS NULL) WHERE w.id = worker;
  END IF;
  IF picked IS NULL THEN RETURN; END IF;

  IF has_suspects THEN
    -- Who looks now passes by those that are locked here, and would sleep although they are left to it.
    PERFORM wake(q);
  END IF;

  IF lane_run > 0 AND is_keyed AND NOT has_suspects THEN
    keys := ARRAY(
      SELECT serialization_key FROM jobs WHERE id = ANY (picked) AND serialization_key IS NOT NULL
    );
    run := ARRAY(
      SELECT next.id FROM unnest(keys) AS key CROSS JOIN LATERAL (
        SELECT n.id, bool_or(n.crash_count > 0) OVER (ORDER BY n.priority DESC, n.id) AS is_suspect
        FROM jobs AS n
        WHERE n.queue = q AND n.serialization_key = key AND n.state = 'waiting'
        ORDER BY n.priority DESC, n.id LIMIT lane_run
      ) AS next
      -- A run ends before the first suspect: no job may be skipped, and that one is claimed alone.
      WHERE NOT next.is_suspect
      LIMIT 1000
    );
    PERFORM FROM jobs
    WHERE id = ANY (run) AND state || '' = 'waiting' AND queue || '' = q AND serialization_key = ANY (keys)
    FOR UPDATE SKIP LOCKED;
    GET DIAGNOSTICS locked = ROW_COUNT;
    -- Somebody may be changing one of them by hand: then each lane goes without a run this time.
    IF locked = cardinality(run) THEN
      picked := picked || run;
    END IF;
  END IF;

  IF NOT is_keyed THEN
    -- A crash of the database may forget this lease: its jobs then run again, which un-keyed jobs may.
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  INSERT INTO leases (worker_id, queue, job_ids) VALUES (worker, q, picked)
    RETURNING leases.id INTO new_lease;
  RETURN QUERY
    SELECT new_lease, j.id, j.name,
           CASE WHEN octet_length(j.text) <= 4000 THEN j.text END,
           j.serialization_key, j.priority, j.attempt, j.max_attempts, j.put_offs
    FROM (
      SELECT jobs.*, CASE WHEN pg_column_size(jobs.payload) <= 1000 THEN jobs.payload::text END AS text
      FROM jobs WHERE jobs.id = ANY (picked) OFFSET 0
    ) AS j;
END $$;

-- Whether a worker may run a suspect beside what it holds. The next death of its worker would be the last of
-- one that has seen two: it is run where no other suspect is, so that it is found out whose death it was.
CREATE FUNCTION may_take(worker uuid, suspect bigint) RETURNS boolean LANGUAGE sql AS $$
  SELECT NOT EXISTS (
    SELECT FROM leases AS l CROSS JOIN LATERAL unnest(l.job_ids) AS held(id) JOIN jobs AS j ON j.id = held.id
    WHERE l.worker_id = worker AND j.crash_count > 0
      AND (j.crash_count >= 2 OR (SELECT crash_count >= 2 FROM jobs WHERE id = suspect))
  )
$$;
