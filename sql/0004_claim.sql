-- How a worker takes jobs: one statement for all its queues, no job row changed.

-- Takes up to `jobs_max` ready jobs, and of each claimed lane up to `per_lane_max` more. The queues
-- that have jobs share by turns, whatever their jobs' priorities: those named first go first.
-- `slots` bounds the suspects. `is_exclusive` lets one claim at a time; `user_lock`, one bigint or
-- two integers, is an advisory lock to hold meanwhile. Rows come in no order. One row of NULLs says
-- that nothing was found yet and that more lanes are to be put in order: ask again at once. A
-- worker whose last claim was refused asks with `is_careful`: lanes whose jobs cannot be made ready
-- keep no others from it. The payload of more than about a kilobyte is NULL: the answer is written
-- while locks are held, so a frozen reader must not be able to stop it.
CREATE FUNCTION claim(
  queues text[], worker uuid, jobs_max integer, slots integer, per_lane_max integer,
  is_exclusive boolean, user_lock bigint[], is_careful boolean DEFAULT false
) RETURNS TABLE (
  lease uuid, id bigint, queue text, name text, payload text, serialization_key text,
  priority integer, failures integer, max_attempts integer, unhandled_count integer
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  busy text[];
  was_asleep boolean;
  is_marked boolean;
  q text;
  turns integer;
  picked record;
  batch bigint[];
  wanted integer := jobs_max;
  is_behind boolean := false;
  is_keyed boolean := false;
  has_found boolean := false;
  new_lease uuid;
BEGIN
  PERFORM require_read_committed();
  IF cardinality(user_lock) = 1 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]);
  ELSIF cardinality(user_lock) = 2 THEN
    PERFORM pg_advisory_xact_lock(user_lock[1]::integer, user_lock[2]::integer);
  END IF;
  busy := CASE cardinality(queues) WHEN 1 THEN queues ELSE busy_queues(queues, 100) END;
  IF cardinality(busy) = 1 AND NOT is_exclusive THEN
    -- As lock_claims does. Inline, as most claims ask for this.
    PERFORM pg_advisory_xact_lock_shared(
      hashtext(current_schema() || ':claims'), hashtext(busy[1])
    );
  ELSE
    PERFORM lock_claims(busy, is_exclusive);
  END IF;

  SELECT asleep, EXISTS (SELECT FROM dirty_lanes AS marker WHERE marker.queue = ANY (busy))
    INTO was_asleep, is_marked FROM workers AS w WHERE w.id = worker;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'worker % is not registered, or was taken for dead', worker
      USING ERRCODE = 'PGQ01';
  END IF;

  IF is_marked THEN
    is_behind := (SELECT admitted.is_behind FROM admit(busy, 200, is_careful) AS admitted);
  END IF;
  turns := cardinality(busy);
  FOREACH q IN ARRAY busy LOOP
    EXIT WHEN wanted <= 0;
    picked := pick(q, worker, (wanted + turns - 1) / turns, slots, per_lane_max);
    turns := turns - 1;
    CONTINUE WHEN picked.healthy IS NULL AND picked.suspects IS NULL;
    has_found := true;
    is_keyed := is_keyed OR picked.is_keyed;
    wanted := wanted - picked.heads;
    slots := slots - coalesce(cardinality(picked.suspects), 0);
    -- Each suspect has a lease of its own: it may be what killed its worker.
    FOR n IN 0..coalesce(cardinality(picked.suspects), 0) LOOP
      batch := CASE n WHEN 0 THEN picked.healthy ELSE picked.suspects[n:n] END;
      CONTINUE WHEN batch IS NULL;
      INSERT INTO leases (worker_id, queue, job_ids) VALUES (worker, q, batch)
        RETURNING leases.id INTO new_lease;
      RETURN QUERY
        SELECT new_lease, j.id, q, j.name,
               CASE WHEN octet_length(j.text) <= 4000 THEN j.text END,
               j.serialization_key, j.priority, j.failures, j.max_attempts, j.unhandled_count
        FROM (
          SELECT jobs.*,
                 CASE WHEN pg_column_size(jobs.payload) <= 1000 THEN jobs.payload::text END AS text
          FROM jobs WHERE jobs.id = ANY (batch) OFFSET 0
        ) AS j;
    END LOOP;
  END LOOP;

  IF has_found AND NOT is_keyed THEN
    -- A crash of the database may forget these leases: their jobs then run again, which un-keyed
    -- jobs may.
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  IF NOT has_found AND is_behind THEN
    RETURN NEXT;
    has_found := true;
  END IF;
  -- Falling asleep or waking up is told to producers.
  IF was_asleep = has_found THEN
    UPDATE workers AS w SET asleep = NOT has_found WHERE w.id = worker;
  END IF;
END $$;

-- Those of the queues, in the order given, that have a job for a worker or a lane to look at.
CREATE FUNCTION busy_queues(queues text[], queues_max integer) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[] := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = ANY (queues));
BEGIN
  RETURN ARRAY(
    SELECT q FROM unnest(queues) WITH ORDINALITY AS asked(q, turn)
    WHERE EXISTS (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count = 0
        AND id NOT IN (SELECT unnest(leased))
    ) OR EXISTS (SELECT FROM dirty_lanes WHERE queue = q) OR EXISTS (
      SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0
        AND id NOT IN (SELECT unnest(leased))
    )
    ORDER BY turn LIMIT queues_max
  );
END $$;

-- The internal lock of each queue keeps mixed modes and mismatched keys safe. It is taken by
-- statements of their own, so that all that follow see what earlier holders committed, and in one
-- order.
CREATE FUNCTION lock_claims(queues text[], is_exclusive boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  class integer := hashtext(current_schema() || ':claims');
  lock integer;
BEGIN
  FOR lock IN SELECT DISTINCT hashtext(q) AS hash FROM unnest(queues) AS q ORDER BY hash LOOP
    IF is_exclusive THEN
      PERFORM pg_advisory_xact_lock(class, lock);
    ELSE
      PERFORM pg_advisory_xact_lock_shared(class, lock);
    END IF;
  END LOOP;
END $$;

-- Chooses jobs of one queue and locks their rows. `healthy` are to share a lease, later ones of
-- their lanes included; `suspects` are to have one each; `heads` is how many of them all count
-- against the limit.
CREATE FUNCTION pick(
  q text, worker uuid, jobs_max integer, slots integer, per_lane_max integer,
  OUT healthy bigint[], OUT suspects bigint[], OUT heads integer, OUT is_keyed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  leased bigint[];
  leased_now bigint[];
  has_suspects boolean;
  locked_count integer;
BEGIN
  SELECT ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q),
         EXISTS (SELECT FROM jobs WHERE queue = q AND state = 'ready' AND crash_count > 0)
    INTO leased, has_suspects;
  SELECT array_agg(candidate.id), bool_or(candidate.is_keyed) INTO healthy, is_keyed FROM (
    SELECT j.id, j.serialization_key IS NOT NULL AS is_keyed
    -- Overtaken heads may be any number: past some of them, a claim waits until their lanes are in
    -- order.
    FROM (
      SELECT id, priority, serialization_key FROM jobs
      WHERE queue = q AND state = 'ready' AND crash_count = 0 AND id NOT IN (SELECT unnest(leased))
      ORDER BY priority DESC, id LIMIT jobs_max + 2000 FOR UPDATE SKIP LOCKED
    ) AS j
    -- The order check: no committed job of its lane goes before it.
    WHERE j.serialization_key IS NULL OR (
      SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
      FROM jobs AS first
      WHERE first.queue = q AND first.serialization_key = j.serialization_key
        AND first.state = 'waiting'
      ORDER BY first.priority DESC, first.id LIMIT 1
    ) IS NOT TRUE
    LIMIT jobs_max
  ) AS candidate;
  IF has_suspects THEN
    suspects := pick_suspects(q, worker, least(jobs_max, slots), leased);
  END IF;
  IF suspects IS NOT NULL THEN
    locked_count := cardinality(healthy || suspects);
    SELECT array_agg(first.id) FILTER (WHERE first.crash_count = 0),
           array_agg(first.id) FILTER (WHERE first.crash_count > 0), bool_or(first.is_keyed)
      INTO healthy, suspects, is_keyed FROM (
        SELECT j.id, j.crash_count, j.serialization_key IS NOT NULL AS is_keyed
        FROM jobs AS j WHERE j.id = ANY (healthy || suspects)
        ORDER BY j.priority DESC, j.id LIMIT jobs_max
      ) AS first;
    IF cardinality(healthy || suspects) < locked_count THEN
      -- A claim beside this one passes by all that are locked here, and its worker would sleep
      -- although some of them are left to it.
      PERFORM wake(q);
    END IF;
  END IF;
  heads := 0;
  IF healthy IS NULL AND suspects IS NULL THEN RETURN; END IF;
  -- A fresh look: a claim that held these rows before has committed its lease by now.
  leased_now := ARRAY(SELECT unnest(job_ids) FROM leases WHERE queue = q);
  IF leased_now <> leased THEN
    SELECT array_agg(id) INTO healthy
      FROM unnest(healthy) AS id WHERE id NOT IN (SELECT unnest(leased_now));
    SELECT array_agg(id) INTO suspects
      FROM unnest(suspects) AS id WHERE id NOT IN (SELECT unnest(leased_now));
  END IF;
  heads := coalesce(cardinality(healthy), 0) + coalesce(cardinality(suspects), 0);
  IF per_lane_max > 0 AND is_keyed AND healthy IS NOT NULL THEN
    healthy := healthy || rest_of_lanes(q, healthy, per_lane_max);
  END IF;
END $$;

-- The first suspects of a queue that a worker may run at once. After a second death a suspect is
-- run where no other one is: the next death would be its last, and must tell whose it was.
CREATE FUNCTION pick_suspects(q text, worker uuid, jobs_max integer, leased bigint[])
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  worst_leased integer;
  candidates bigint[];
  crashes integer[];
  picked bigint[];
BEGIN
  SELECT max(j.crash_count) INTO worst_leased
    FROM leases AS l CROSS JOIN LATERAL unnest(l.job_ids) AS mine(id)
    JOIN jobs AS j ON j.id = mine.id
    WHERE l.worker_id = worker AND j.crash_count > 0;
  IF worst_leased >= 2 THEN RETURN NULL; END IF;
  IF worst_leased IS NOT NULL AND (
    SELECT j.crash_count FROM jobs AS j
    WHERE j.queue = q AND j.state = 'ready' AND j.crash_count > 0
      AND j.id NOT IN (SELECT unnest(leased))
    ORDER BY j.priority DESC, j.id LIMIT 1
  ) >= 2 THEN
    -- It has to be alone and goes before the others. None of them is locked, so nobody passes by
    -- them.
    RETURN NULL;
  END IF;
  SELECT array_agg(candidate.id), array_agg(candidate.crash_count) INTO candidates, crashes FROM (
    SELECT j.id, j.crash_count
    FROM jobs AS j
    WHERE j.queue = q AND j.state = 'ready' AND j.crash_count > 0
      AND j.id NOT IN (SELECT unnest(leased))
      -- The order check, as for healthy jobs.
      AND (j.serialization_key IS NULL OR (
        SELECT first.priority > j.priority OR (first.priority = j.priority AND first.id < j.id)
        FROM jobs AS first
        WHERE first.queue = q AND first.serialization_key = j.serialization_key
          AND first.state = 'waiting'
        ORDER BY first.priority DESC, first.id LIMIT 1
      ) IS NOT TRUE)
    ORDER BY j.priority DESC, j.id
    LIMIT jobs_max FOR UPDATE OF j SKIP LOCKED
  ) AS candidate;
  IF candidates IS NULL THEN RETURN NULL; END IF;
  -- In their order: none overtakes one that has to be alone.
  picked := CASE
    WHEN crashes[1] < 2 THEN
      candidates[:coalesce(array_position(crashes, 2) - 1, cardinality(candidates))]
    WHEN worst_leased IS NULL THEN candidates[1:1]
  END;
  IF coalesce(cardinality(picked), 0) < cardinality(candidates) THEN
    -- For claims beside this one, as above.
    PERFORM wake(q);
  END IF;
  RETURN picked;
END $$;

-- The next jobs of the lanes of these heads, to be run after them, in order.
CREATE FUNCTION rest_of_lanes(q text, heads bigint[], per_lane_max integer)
RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  keys text[];
  run bigint[];
  locked_count integer;
BEGIN
  keys := ARRAY(
    SELECT serialization_key FROM jobs WHERE id = ANY (heads) AND serialization_key IS NOT NULL
  );
  run := ARRAY(
    SELECT next.id FROM unnest(keys) AS key CROSS JOIN LATERAL (
      SELECT n.id, bool_or(n.crash_count > 0) OVER (ORDER BY n.priority DESC, n.id) AS is_suspect
      FROM jobs AS n
      WHERE n.queue = q AND n.serialization_key = key AND n.state = 'waiting'
      ORDER BY n.priority DESC, n.id LIMIT per_lane_max
    ) AS next
    -- A run ends before the first suspect: no job may be skipped, and that one has a lease of its
    -- own.
    WHERE NOT next.is_suspect
    LIMIT 1000
  );
  PERFORM FROM jobs
  WHERE id = ANY (run) AND state || '' = 'waiting' AND queue || '' = q
    AND serialization_key = ANY (keys)
  FOR UPDATE SKIP LOCKED;
  GET DIAGNOSTICS locked_count = ROW_COUNT;
  -- Somebody may be changing one of them by hand: then each lane goes without a run this time.
  RETURN CASE WHEN locked_count = cardinality(run) THEN run ELSE '{}' END;
END $$;
